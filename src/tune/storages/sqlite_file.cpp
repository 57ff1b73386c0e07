#include "tune/storages/sqlite_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "tune/error.hpp"
#include "tune/storages/sqlite.hpp"

namespace tune {
namespace storages {
namespace {

namespace fs = std::filesystem;

/// The first 100 bytes of a database file (https://www.sqlite.org/fileformat2.html).
using Header = std::array<char, 100>;
constexpr std::string_view kMagic("SQLite format 3\0", 16);

[[noreturn]] void refuse(const fs::path& path, std::string_view reason) {
  throw StorageError(fmt::format("{}: {}", path.string(), reason));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

bool has_neighbour(const fs::path& path, std::string_view suffix) {
  return fs::exists(path.string() + std::string(suffix));
}

std::uint64_t big_endian(const Header& header, std::size_t offset, std::size_t n_bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n_bytes; ++i) {
    value = value << 8U | static_cast<unsigned char>(header[offset + i]);
  }
  return value;
}

/// Whether the header names more pages than the file has. Says nothing while a log or journal may hold them.
bool is_truncated(const fs::path& path, const Header& header) {
  if (has_neighbour(path, "-wal") || has_neighbour(path, "-journal")) {
    return false;
  }
  constexpr std::uint64_t kPageSizeWrittenAsOne = 65536;
  const std::uint64_t stored = big_endian(header, 16, 2);
  const std::uint64_t page_bytes = stored == 1 ? kPageSizeWrittenAsOne : stored;
  const bool count_is_valid = big_endian(header, 24, 4) == big_endian(header, 92, 4);
  return count_is_valid && big_endian(header, 28, 4) * page_bytes > fs::file_size(path);
}

/// An empty file is a database without tables for SQLite.
void check_content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    refuse(path, "it cannot be read; check its permissions");
  }
  if (fs::file_size(path) == 0) {
    return;
  }
  Header header{};
  file.read(header.data(), header.size());
  if (file.gcount() < static_cast<std::streamsize>(header.size()) ||
      std::string_view(header.data(), kMagic.size()) != kMagic) {
    refuse(path, "this is not a SQLite file; name another file");
  }
  if (is_truncated(path, header)) {
    refuse(path, "the file is damaged: its end is missing; restore a copy");
  }
}

void check_kind(const fs::path& path) {
  if (path.empty()) {
    throw InvalidArgument("the path of the storage is empty");
  }
  const fs::file_status status = fs::status(path);
  if (fs::is_directory(status)) {
    refuse(path, "this is a folder; name a file in it");
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    refuse(path, "this is not a regular file");
  }
}

}  // namespace

void check_writable_file(const fs::path& path) {
  check_kind(path);
  const fs::path folder = folder_of(path);
  if (!fs::is_directory(folder)) {
    refuse(path, fmt::format("there is no folder {}; create it first", folder.string()));
  }
  if (fs::exists(path)) {
    check_content(path);
    if (access(path.c_str(), W_OK) != 0) {
      refuse(path, "the file is read-only; make it writable or copy it");
    }
  }
  if (access(folder.c_str(), W_OK) != 0) {
    refuse(path, fmt::format("the folder {} cannot be written, and SQLite keeps its log beside the file",
                             folder.string()));
  }
}

void check_readable_file(const fs::path& path) {
  check_kind(path);
  if (!fs::exists(path)) {
    refuse(path, "there is no such file");
  }
  check_content(path);
}

OpenMode reading_mode(const fs::path& path) {
  const bool folder_is_writable = access(folder_of(path).c_str(), W_OK) == 0;
  return folder_is_writable || has_neighbour(path, "-wal") ? OpenMode::kReadOnly : OpenMode::kImmutable;
}

}  // namespace storages

std::filesystem::path sqlite_path_from_url(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) {
    if (url.empty()) {
      throw InvalidArgument("the storage is empty: give a path or sqlite:///PATH");
    }
    return url;
  }
  constexpr std::string_view kPrefix = "sqlite:///";
  if (!url.starts_with(kPrefix)) {
    const bool postgres = url.starts_with("postgresql");
    throw InvalidArgument(fmt::format("storage {}: {}; supported are a path and sqlite:///PATH", url,
                                      postgres ? "PostgreSQL is not supported yet" : "unknown kind"));
  }
  std::string_view path = url.substr(kPrefix.size());
  path = path.substr(0, path.find('?'));  // Options of the Python driver say nothing here.
  if (path.empty() || path == ":memory:") {
    throw InvalidArgument(fmt::format("storage {}: a file is needed, as in sqlite:///study.db", url));
  }
  return path;
}

}  // namespace tune
