#include "tune/storages/sqlite_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "tune/error.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_schema.hpp"

namespace tune {
namespace storages {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, std::string_view reason) {
  throw StorageError(fmt::format("{}: {}", path.string(), reason));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// SQLite's own files stand beside the file itself, not beside a link to it.
fs::path neighbour(const fs::path& path, std::string_view suffix) {
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(path, error);
  return (error ? path : resolved).string() + std::string(suffix);
}

bool has_neighbour(const fs::path& path, std::string_view suffix) {
  std::error_code error;
  return fs::exists(neighbour(path, suffix), error);
}

/// Whether nobody can have the file half written: no log or journal stands beside it.
bool is_at_rest(const fs::path& path) {
  return !has_neighbour(path, "-wal") && !has_neighbour(path, "-journal");
}

/// Whether a rollback journal ends with the name of another file, which SQLite deletes once it has rolled back.
/// Only a transaction over several databases leaves such a journal, and there is none here.
bool names_another_file(const fs::path& journal) {
  constexpr std::string_view kMagic = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
  std::ifstream file(journal, std::ios::binary);
  std::string end(kMagic.size(), '\0');
  file.seekg(-static_cast<std::streamoff>(kMagic.size()), std::ios::end);
  return file.read(end.data(), static_cast<std::streamsize>(end.size())) && end == kMagic;
}

void check_journal(const fs::path& path) {
  const fs::path journal = neighbour(path, "-journal");
  if (names_another_file(journal)) {
    refuse(path,
           fmt::format("the journal beside it, {}, is of a transaction over several files; let the program "
                       "that left it recover them, or remove that journal",
                       journal.string()));
  }
}

/// Enough to see that somebody wrote in between.
struct Fingerprint {
  std::uintmax_t bytes = 0;
  fs::file_time_type changed;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

Fingerprint fingerprint_of(const fs::path& path) {
  std::error_code error;
  const Fingerprint found{fs::file_size(path, error), fs::last_write_time(path, error)};
  if (error) {
    refuse(path, fmt::format("it cannot be looked at ({})", error.message()));
  }
  return found;
}

/// Lets SQLite look at the file without writing a byte, a lock or a log. An empty file is a database without
/// tables. A file that others are at is judged by the connection that will work with it.
void check_content(const fs::path& path) {
  const Fingerprint before = fingerprint_of(path);
  if (before.bytes == 0 || !is_at_rest(path)) {
    return;
  }
  // SQLite would take a file of one byte for an empty one.
  constexpr std::uintmax_t kSmallestDatabase = 512;
  if (before.bytes < kSmallestDatabase) refuse(path, "it is not a SQLite file");
  try {
    SqliteConnection look(path, OpenMode::kImmutable, std::chrono::milliseconds(0));
    look.read([&] {
      if (!is_empty_database(look)) {
        check_schema(look);
      }
    });
  } catch (const StorageError&) {
    if (is_at_rest(path) && fingerprint_of(path) == before) {
      throw;
    }
  }
}

fs::file_status status_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::none) {
    refuse(path,
           fmt::format("it cannot be looked at ({}); check the permissions of its folder", error.message()));
  }
  return status;
}

/// Gives back whether the file is there.
bool check_kind(const fs::path& path) {
  if (path.empty()) {
    throw InvalidArgument("the path of the storage is empty");
  }
  const fs::file_status status = status_of(path);
  if (fs::is_directory(status)) {
    refuse(path, "this is a folder; name a file in it");
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    refuse(path, "this is not a regular file");
  }
  return fs::exists(status);
}

}  // namespace

void check_writable_file(const fs::path& path) {
  const bool is_there = check_kind(path);
  const fs::path folder = folder_of(path);
  if (!fs::is_directory(status_of(folder))) {
    refuse(path, fmt::format("there is no folder {}; create it first", folder.string()));
  }
  check_journal(path);
  if (is_there) {
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
  if (!check_kind(path)) {
    refuse(path, "there is no such file");
  }
  check_journal(path);
  check_content(path);
}

OpenMode reading_mode(const fs::path& path) {
  const bool folder_is_writable = access(folder_of(path).c_str(), W_OK) == 0;
  // What a program that was killed had half written must be taken back before anything can be read.
  if (has_neighbour(path, "-journal") && folder_is_writable && access(path.c_str(), W_OK) == 0) {
    return OpenMode::kReadWrite;
  }
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
