#pragma once

#include <cstdint>
#include <string>

#include "tune/pruners/pruner.hpp"

/// What several pruners share.
namespace tune::pruners {

/// Throws InvalidArgument that says `what` had to hold and what was found instead.
void require(bool holds, const std::string& what, const std::string& found);

/// Whether larger is better. Throws InvalidArgument when there are several objectives.
[[nodiscard]] bool maximizes(const HistoryView& history);

/// The record of the trial in question.
[[nodiscard]] const TrialRecord& judged_trial(const PruningContext& context);

[[nodiscard]] PruneDecision prune_because(double value, double threshold, std::int64_t step, std::size_t n);

}  // namespace tune::pruners
