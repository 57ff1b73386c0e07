#include "fmnist/idx.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "tune/error.hpp"

namespace fmnist {
namespace {

constexpr std::uint8_t kUnsignedByte = 0x08;
/// Larger arrays than this are taken for a damaged header.
constexpr std::size_t kMaxBytes = std::size_t{1} << 36;
constexpr std::size_t kChunkBytes = std::size_t{1} << 22;

struct CloseGz {
  void operator()(gzFile file) const { gzclose_r(file); }
};

/// A file read front to back through zlib, which passes plain files through.
class GzReader {
 public:
  explicit GzReader(const std::filesystem::path& path) : path_(path) {
    if (!std::filesystem::is_regular_file(path)) fail("expected a file, found none (or a folder)");
    file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_) fail(fmt::format("cannot be opened: {}", std::strerror(errno)));
    gzbuffer(file_.get(), 1 << 18);
  }

  /// Up to `size` bytes; fewer only at the end of the file.
  std::size_t read(std::uint8_t* to, std::size_t size) {
    const int n = gzread(file_.get(), to, static_cast<unsigned>(size));
    int code = Z_OK;
    const char* message = gzerror(file_.get(), &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
      fail(fmt::format("the archive is damaged ({})", message));
    return static_cast<std::size_t>(n);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw tune::Error(fmt::format("{}: {}", path_.string(), what));
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, CloseGz> file_;
};

void check_magic(const GzReader& reader, const std::array<std::uint8_t, 4>& magic, std::size_t n_axes) {
  const std::array<std::uint8_t, 4> expected{0, 0, kUnsignedByte, static_cast<std::uint8_t>(n_axes)};
  if (magic == expected) return;
  const auto hex = [](const auto& bytes) { return fmt::format("{:02x}", fmt::join(bytes, " ")); };
  const char* hint = "not an IDX file";
  if (magic[0] == 0 && magic[1] == 0) {
    hint = magic[2] != kUnsignedByte ? "another element type than unsigned byte" : "another number of axes";
  }
  reader.fail(fmt::format("expected the IDX magic number {} (unsigned bytes, {} axes), found {}: {}",
                          hex(expected), n_axes, hex(magic), hint));
}

std::vector<std::size_t> read_sizes(GzReader& reader, std::size_t n_axes) {
  std::array<std::uint8_t, 4> bytes{};
  std::vector<std::size_t> sizes;
  for (std::size_t axis = 0; axis < n_axes; ++axis) {
    if (reader.read(bytes.data(), 4) != 4) {
      reader.fail(fmt::format("expected a header of {} bytes, the file ends before", 4 + 4 * n_axes));
    }
    sizes.push_back(std::size_t{bytes[0]} << 24 | std::size_t{bytes[1]} << 16 | std::size_t{bytes[2]} << 8 |
                    std::size_t{bytes[3]});
  }
  return sizes;
}

std::size_t product(const GzReader& reader, const std::vector<std::size_t>& sizes) {
  std::size_t total = 1;
  for (const std::size_t size : sizes) {
    if (size == 0) reader.fail(fmt::format("expected sizes of at least 1, found {}", fmt::join(sizes, " x ")));
    if (size > kMaxBytes / total) {
      reader.fail(
          fmt::format("sizes {} overflow what can be read ({} bytes)", fmt::join(sizes, " x "), kMaxBytes));
    }
    total *= size;
  }
  return total;
}

std::vector<std::uint8_t> read_data(GzReader& reader, std::size_t n_bytes) {
  std::vector<std::uint8_t> data;
  while (data.size() < n_bytes) {
    const std::size_t old = data.size();
    const std::size_t wanted = std::min(kChunkBytes, n_bytes - old);
    data.resize(old + wanted);
    const std::size_t n = reader.read(data.data() + old, wanted);
    if (n < wanted)
      reader.fail(fmt::format("expected {} bytes of data, the file ends after {}", n_bytes, old + n));
  }
  std::uint8_t extra = 0;
  if (reader.read(&extra, 1) != 0) {
    reader.fail(fmt::format("expected {} bytes of data, found more behind them", n_bytes));
  }
  return data;
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path, std::size_t n_axes) {
  GzReader reader(path);
  std::array<std::uint8_t, 4> magic{};
  if (reader.read(magic.data(), 4) != 4) {
    reader.fail(fmt::format("expected a header of {} bytes, the file ends before", 4 + 4 * n_axes));
  }
  check_magic(reader, magic, n_axes);
  IdxArray array{read_sizes(reader, n_axes), {}};
  array.data = read_data(reader, product(reader, array.sizes));
  return array;
}

}  // namespace fmnist
