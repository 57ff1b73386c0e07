#pragma once

#include <filesystem>

#include "tune/storages/sqlite_connection.hpp"

/// What can be said about a file before working with it. Nothing here opens a file but through SQLite: closing
/// any other descriptor would drop all POSIX locks that this process holds on the file, and with them the
/// protection of every storage that is open here.
namespace tune::storages {

/// Throws StorageError, with the reason and what to do, for a path that cannot become or is not a writable
/// SQLite file or belongs to another program. Touches nothing.
void check_writable_file(const std::filesystem::path& path);
/// The same for reading; the file must be there.
void check_readable_file(const std::filesystem::path& path);
/// How to open a file for reading only: as immutable when SQLite cannot put its lock files beside it and no
/// log is waiting to be read; for writing when a killed program's transaction must be rolled back first.
[[nodiscard]] OpenMode reading_mode(const std::filesystem::path& path);

}  // namespace tune::storages
