#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tune/storages/storage.hpp"

/// SQLite's write-ahead log lives in memory that the processes of one host share: on a network file system
/// several hosts would overwrite each other's trials.
namespace tune::storages {

/// The name of a network file system by its number in statfs(2) ("NFS"); nothing for a local one.
[[nodiscard]] std::optional<std::string_view> network_file_system(long number);
/// The same of the folder that a file is in, or will be.
[[nodiscard]] std::optional<std::string_view> network_file_system_of(const std::filesystem::path& file);

/// Which of the holders runs on another host than this one and has shown itself during the last minute, in
/// words; nothing when none does.
[[nodiscard]] std::optional<std::string> other_host_among(std::span<const Holder> holders);

}  // namespace tune::storages
