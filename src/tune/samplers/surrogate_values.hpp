#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/history.hpp"

namespace tune::samplers {

/// A finished trial and the number, to be minimised, that stands for it.
struct TrialLoss {
  std::size_t number = 0;
  double loss = 0.0;
};

/// One finite loss a trial of a study with one objective, best first, equal ones by number. A feasible COMPLETE
/// trial has its value; a PRUNED one its last report, but none better than the median of those; an infeasible
/// one the worst of all, or, where nothing is feasible, how far it is from that. What is infinite or unknown
/// takes the nearest finite loss. `scored` are COMPLETE and PRUNED. O(n + m log m) for m of n trials.
[[nodiscard]] std::vector<TrialLoss> trial_losses(const HistoryView& history,
                                                  std::span<const std::size_t> scored);

/// Those of many trials that can matter: all up to four times `most`, else the first `most` of each kind in the
/// order in which TPE prefers them, and the latest. By number. O(n), and O(most log most) for what is kept.
[[nodiscard]] std::vector<std::size_t> promising_and_latest(const HistoryView& history,
                                                            std::span<const std::size_t> scored,
                                                            std::size_t most);

/// At most that many of them: the better half by loss, the others by number, the latest; best first.
[[nodiscard]] std::vector<TrialLoss> best_and_latest(const std::vector<TrialLoss>& ranked, std::size_t most);

/// What a surrogate learns from losses, best first, with mean 0 and variance 1: the losses themselves or
/// log(1 + c (loss − best) / (median − best)) with the c under which they look most like a normal distribution,
/// so that losses far worse than usual do not hide the differences among the good ones. The choice is by
/// maximal likelihood, after Box and Cox, "An analysis of transformations", 1964. O(n).
[[nodiscard]] std::vector<double> compressed(const std::vector<TrialLoss>& ranked);

}  // namespace tune::samplers
