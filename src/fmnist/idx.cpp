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
#include <tuple>

#include "tune/error.hpp"

namespace fmnist {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kUnsignedByte = 0x08;
/// Larger arrays than this are taken for a damaged header.
constexpr std::size_t kMaxBytes = std::size_t{1} << 36;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw tune::Error(fmt::format("{}: {}", path.string(), what));
}

/// An array of that size that images are read from in random order, which takes fewer steps to find out where
/// a page is when pages are large. A system that has none leaves them small.
Bytes in_large_pages(std::size_t size) {
  Bytes bytes;
  bytes.reserve(size);
#ifdef MADV_HUGEPAGE
  constexpr std::size_t kPage = 4096;
  const std::size_t before = (kPage - std::bit_cast<std::uintptr_t>(bytes.data()) % kPage) % kPage;
  if (size > before) std::ignore = madvise(bytes.data() + before, size - before, MADV_HUGEPAGE);
#endif
  bytes.resize(size);
  return bytes;
}

Bytes read_file(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) fail(path, "expected a file, found none (or a folder)");
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
  Bytes bytes = in_large_pages(std::filesystem::file_size(path));
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) fail(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  return bytes;
}

bool is_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

/// What the last four bytes of an archive say it holds, if that can be.
std::size_t likely_size(std::span<const std::uint8_t> archive) {
  constexpr std::size_t kMostExpansion = 1032;  // Of deflate.
  std::uint32_t size = 0;
  if (archive.size() >= sizeof size)
    std::memcpy(&size, archive.data() + archive.size() - sizeof size, sizeof size);
  return std::min<std::size_t>(size, archive.size() * kMostExpansion);
}

/// All members of an archive, one behind the other.
Bytes unpacked(const std::filesystem::path& path, std::span<const std::uint8_t> archive) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!decompressor) throw std::bad_alloc();
  Bytes bytes = in_large_pages(std::max<std::size_t>(likely_size(archive), 1));
  std::size_t size = 0;
  while (!archive.empty()) {
    std::size_t taken = 0;
    std::size_t given = 0;
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor.get(), archive.data(), archive.size(), bytes.data() + size,
                                      bytes.size() - size, &taken, &given);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      bytes.resize(2 * bytes.size());
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) fail(path, "the archive is damaged or cut off");
    size += given;
    archive = archive.subspan(taken);
  }
  bytes.resize(size);
  return bytes;
}

/// What the file holds, unpacked if it is an archive.
Bytes contents(const std::filesystem::path& path) {
  Bytes bytes = read_file(path);
  return is_gzip(bytes) ? unpacked(path, bytes) : bytes;
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
