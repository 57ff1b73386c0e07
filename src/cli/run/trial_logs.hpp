#pragma once

#include <filesystem>
#include <string>

/// Where the programs of a study's trials leave their output.
namespace fmnist_tune {

/// `NAME.db.logs/STUDY` for the storage `NAME.db`.
[[nodiscard]] std::filesystem::path log_folder(const std::filesystem::path& storage, const std::string& study);

/// Removes a study's logs, if there are any. A name that would lead elsewhere is one that this program gives no
/// study: nothing is removed.
void remove_logs(const std::filesystem::path& storage, const std::string& study);

}  // namespace fmnist_tune
