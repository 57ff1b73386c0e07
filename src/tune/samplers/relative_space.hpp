#pragma once

#include <cstddef>
#include <vector>

#include "tune/history.hpp"

namespace tune::samplers {

/// One parameter that all finished trials have in common.
struct CommonParameter {
  const Column* column = nullptr;
  const Distribution* distribution = nullptr;
};

/// Numbers of the COMPLETE and PRUNED trials, ascending.
[[nodiscard]] std::vector<std::size_t> scored_trials(const HistoryView& history);

/// Optuna's intersection search space: the parameters that every one of `trials` (scored ones) has, all with
/// the same distribution, by name; those with a single possible value are left out. O(d) when those are all
/// scored trials, else O(n · d).
[[nodiscard]] std::vector<CommonParameter> intersection_space(const HistoryView& history,
                                                              const std::vector<std::size_t>& trials);

}  // namespace tune::samplers
