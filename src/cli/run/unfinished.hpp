#pragma once

#include <filesystem>

#include "tune/checkpoint_folder.hpp"

namespace fmnist_tune {

/// The WAITING and RUNNING trials of every study in a file: those that checkpoints are kept for. Two queries a
/// study.
[[nodiscard]] tune::UnfinishedTrials unfinished_trials_in(const std::filesystem::path& storage);

}  // namespace fmnist_tune
