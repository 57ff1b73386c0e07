#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Files that are read and replaced as a whole. Everything here throws std::system_error with the path.
namespace tune {

/// How the name of a file ends that is still being written.
inline constexpr std::string_view kUnfinishedSuffix = ".tmp";

/// Nothing when there is no such file. Throws FormatError for what is not a regular file, and for one above
/// `max_bytes` without reading it.
[[nodiscard]] std::optional<std::vector<std::byte>> read_whole_file(const std::filesystem::path& path,
                                                                    std::uint64_t max_bytes);

/// Puts a file in the place of the one that is there, if any, at once and durably. The folder is made when it
/// is missing. Nothing has changed after a failure.
void replace_whole_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Removes a file of kUnfinishedSuffix unless its writer lives. Returns whether it did.
bool remove_if_abandoned(const std::filesystem::path& unfinished);

}  // namespace tune
