#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

namespace fmnist_tune {

/// A trial that another process runs.
struct AwaitedTrial {
  tune::TrialNumber number;
  bool may_be_gone = false;  ///< Whether its process still runs cannot be told from here.
  std::string text;          ///< Whom we wait for, and what a person can do when that is in vain.
};

/// Where the trials stand, as Optuna's commands name it.
struct StudyPlace {
  std::filesystem::path storage;
  std::string study_name;
};

/// The running trials that keep this process waiting: those with an owner that is neither `self` nor known to
/// be dead (whose trials are taken over without a word).
[[nodiscard]] std::vector<AwaitedTrial> awaited_trials(const std::vector<tune::FrozenTrial>& trials,
                                                       const tune::Owner& self, const StudyPlace& place);

}  // namespace fmnist_tune
