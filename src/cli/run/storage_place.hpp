#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "cli/study_file/study_config.hpp"

namespace fmnist_tune {

/// Where a study file's study is kept: what `--storage` says, else what the file says, else `NAME.db` in the
/// current folder. Throws UsageError for a storage that this version does not know.
[[nodiscard]] std::filesystem::path storage_for(const std::optional<std::string>& given,
                                                const StudyConfig& config);

/// Throws StorageError when that cannot be told: a folder without access, a name that is too long.
[[nodiscard]] bool is_there(const std::filesystem::path& storage);

/// Whether the argument of a command names a study file rather than a storage: by its ending, or by what it
/// begins with.
[[nodiscard]] bool is_study_file(const std::string& argument);

}  // namespace fmnist_tune
