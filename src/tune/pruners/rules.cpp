#include "tune/pruners/rules.hpp"

#include "tune/error.hpp"

namespace tune::pruners {

void require(bool holds, const std::string& what, const std::string& found) {
  if (!holds) {
    throw InvalidArgument(what + ", found " + found);
  }
}

bool maximizes(const HistoryView& history) {
  const std::size_t n_objectives = history.directions().size();
  if (n_objectives != 1) {
    throw InvalidArgument("pruning needs a study with one objective, found " + std::to_string(n_objectives));
  }
  return history.directions().front() == Direction::kMaximize;
}

const TrialRecord& judged_trial(const PruningContext& context) {
  return context.history.record(static_cast<std::size_t>(context.number.value));
}

PruneDecision prune_because(double value, double threshold, std::int64_t step, std::size_t n) {
  return {.prune = true,
          .reason = PruneReason{value, threshold, step, static_cast<std::int64_t>(n)},
          .system_attrs = {}};
}

}  // namespace tune::pruners
