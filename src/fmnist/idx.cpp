#include "fmnist/idx.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <tuple>

#include "tune/error.hpp"

namespace fmnist {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kUnsignedByte = 0x08;
/// Larger files and arrays than this are taken for damaged.
constexpr std::size_t kMaxBytes = std::size_t{1} << 32;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw tune::Error(fmt::format("{}: {}", path.string(), what));
}

/// Zeros, in large pages where the system has them: images are read in random order, and with small pages
/// nearly each one is in a page that the processor must look up.
Bytes in_large_pages(std::size_t size) {
  Bytes bytes;
  bytes.reserve(size);
#ifdef MADV_HUGEPAGE
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kLargePage = std::size_t{1} << 21;
  const std::size_t before = (kPage - std::bit_cast<std::uintptr_t>(bytes.data()) % kPage) % kPage;
  if (size >= kLargePage) std::ignore = madvise(bytes.data() + before, size - before, MADV_HUGEPAGE);
#endif
  bytes.resize(size);
  return bytes;
}

Bytes read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) fail(path, "expected a file, found none (or a folder)");
  const std::size_t size = std::filesystem::file_size(path, error);
  if (error) fail(path, fmt::format("cannot be read: {}", error.message()));
  if (size > kMaxBytes) fail(path, fmt::format("expected at most {} bytes, found {}", kMaxBytes, size));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
  Bytes bytes = in_large_pages(size);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!stream) fail(path, fmt::format("cannot be read: only {} of {} bytes came", stream.gcount(), size));
  return bytes;
}

bool is_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/// What the last four bytes of an archive say that it holds, if that is likely: of a part of an archive they
/// say anything.
std::size_t likely_size(std::span<const std::uint8_t> archive) {
  std::uint32_t size = 0;
  if (archive.size() >= sizeof size)
    std::memcpy(&size, archive.data() + archive.size() - sizeof size, sizeof size);
  return std::clamp<std::size_t>(size, archive.size(), 8 * archive.size());
}

/// The same in twice the memory.
Bytes doubled(const std::filesystem::path& path, const Bytes& bytes) {
  if (bytes.size() > kMaxBytes / 2)
    fail(path, fmt::format("expected at most {} bytes in the archive, found more", kMaxBytes));
  Bytes more = in_large_pages(2 * bytes.size());
  std::ranges::copy(bytes, more.begin());
  return more;
}

/// All members of an archive, one behind the other.
Bytes unpacked(const std::filesystem::path& path, std::span<const std::uint8_t> archive) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  Bytes bytes = in_large_pages(likely_size(archive));
  std::size_t size = 0;
  while (is_gzip(archive)) {
    std::size_t taken = 0;
    std::size_t given = 0;
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor.get(), archive.data(), archive.size(), bytes.data() + size,
                                      bytes.size() - size, &taken, &given);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      bytes = doubled(path, bytes);
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) fail(path, "the archive is damaged or cut off");
    size += given;
    archive = archive.subspan(taken);
  }
  // Tapes and tools fill a block with zeros.
  if (std::ranges::any_of(archive, [](std::uint8_t byte) { return byte != 0; }))
    fail(path, fmt::format("expected the end of the archive, found {} bytes more", archive.size()));
  bytes.resize(size);
  return bytes;
}

/// What the file holds, unpacked if it is an archive.
Bytes contents(const std::filesystem::path& path) {
  Bytes bytes = read_file(path);
  if (!is_gzip(bytes)) return bytes;
  return unpacked(path, bytes);
}

void check_magic(const std::filesystem::path& path, std::span<const std::uint8_t> magic, std::size_t n_axes) {
  const std::array<std::uint8_t, 4> expected{0, 0, kUnsignedByte, static_cast<std::uint8_t>(n_axes)};
  if (std::ranges::equal(magic, expected)) return;
  const auto hex = [](const auto& bytes) { return fmt::format("{:02x}", fmt::join(bytes, " ")); };
  const char* hint = "not an IDX file";
  if (magic[0] == 0 && magic[1] == 0) {
    hint = magic[2] != kUnsignedByte ? "another element type than unsigned byte" : "another number of axes";
  }
  fail(path, fmt::format("expected the IDX magic number {} (unsigned bytes, {} axes), found {}: {}",
                         hex(expected), n_axes, hex(magic), hint));
}

std::size_t big_endian(std::span<const std::uint8_t> bytes) {
  std::size_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

std::size_t product(const std::filesystem::path& path, const std::vector<std::size_t>& sizes) {
  std::size_t total = 1;
  for (const std::size_t size : sizes) {
    if (size == 0) fail(path, fmt::format("expected sizes of at least 1, found {}", fmt::join(sizes, " x ")));
    if (size > kMaxBytes / total) {
      fail(path,
           fmt::format("sizes {} overflow what can be read ({} bytes)", fmt::join(sizes, " x "), kMaxBytes));
    }
    total *= size;
  }
  return total;
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path, std::size_t n_axes) {
  constexpr std::size_t kWord = 4;
  const std::size_t header = kWord + kWord * n_axes;
  IdxArray array{{}, contents(path)};
  const std::span<const std::uint8_t> bytes = array.data;
  if (bytes.size() >= kWord) check_magic(path, bytes.first(kWord), n_axes);
  if (bytes.size() < header)
    fail(path, fmt::format("expected a header of {} bytes, the file ends before", header));
  for (std::size_t at = kWord; at < header; at += kWord)
    array.sizes.push_back(big_endian(bytes.subspan(at, kWord)));
  const std::size_t expected = product(path, array.sizes);
  const std::size_t found = bytes.size() - header;
  if (found < expected)
    fail(path, fmt::format("expected {} bytes of data, the file ends after {}", expected, found));
  if (found > expected) fail(path, fmt::format("expected {} bytes of data, found more behind them", expected));
  array.data.erase(array.data.begin(), array.data.begin() + static_cast<std::ptrdiff_t>(header));
  return array;
}

}  // namespace fmnist
