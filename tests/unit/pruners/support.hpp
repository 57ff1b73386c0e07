#pragma once

#include "support/trial_builder.hpp"
#include "tune/pruners/pruner.hpp"

namespace tune::testing {

/// The pruner's word on the last trial.
inline PruneDecision decide_last(const Pruner& pruner, const std::vector<TrialBuilder>& trials,
                                 Direction direction = Direction::kMinimize) {
  const History history = make_history(trials, {direction});
  return pruner.decide({.history = HistoryView(history),
                        .number = TrialNumber{static_cast<std::int64_t>(history.size()) - 1},
                        .seed = 0,
                        .study_name = "study"});
}

}  // namespace tune::testing
