#pragma once

#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/study.hpp"

namespace fmnist_tune {

/// A trial that another process runs.
struct AwaitedTrial {
  tune::TrialNumber number;
  bool may_be_gone = false;  ///< Whether its process still runs cannot be told from here.
  std::string text;          ///< Whom we wait for, and what happens when that is in vain.
};

/// The running trials that keep this process waiting: those with an owner that is neither `self` nor known to
/// be dead (whose trials are taken over at once).
[[nodiscard]] std::vector<AwaitedTrial> awaited_trials(const std::vector<tune::FrozenTrial>& trials,
                                                       const tune::Owner& self,
                                                       const tune::TakeoverRules& rules);

/// What to say of trials that were taken over; at least one was.
[[nodiscard]] std::string takeover_text(const tune::TakenOver& taken);

}  // namespace fmnist_tune
