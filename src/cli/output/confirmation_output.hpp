#pragma once

#include <filesystem>
#include <string>

#include "cli/output/format.hpp"
#include "cli/study_file/study_config.hpp"

namespace fmnist_tune {

/// What a study that confirms another one (see confirmation.hpp) says so far: a row a configuration, the best
/// mean first, and who wins. `config` is its study file. Empty when the study is not there.
[[nodiscard]] std::string confirmation_text(const std::filesystem::path& storage, const StudyConfig& config,
                                            Format format);

}  // namespace fmnist_tune
