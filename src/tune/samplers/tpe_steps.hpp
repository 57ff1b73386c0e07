#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "tune/history.hpp"
#include "tune/samplers/parzen_estimator.hpp"
#include "tune/samplers/reasons.hpp"
#include "tune/samplers/trial_split.hpp"

/// The steps of a TPE suggestion between the split and the answer, each callable alone.
namespace tune::samplers {

/// A parameter to suggest. `column` holds what trials have taken so far, null when none has.
struct TpeParameter {
  std::string_view name;
  const Distribution* distribution = nullptr;
  const Column* column = nullptr;
};

/// The values of those `trials` that have all parameters. With `read_relative_params` a RUNNING trial's
/// parameters that Optuna decided but has not suggested yet (its `tpe:relative_params:<i>` attributes) count
/// too. Holds until the history changes. O(trials · parameters).
[[nodiscard]] Observations observe(const HistoryView& history, std::span<const TpeParameter> space,
                                   const std::vector<std::size_t>& trials, bool read_relative_params);
/// The same as a column a parameter.
[[nodiscard]] ParzenEstimator::Columns gather_observations(const HistoryView& history,
                                                           std::span<const TpeParameter> space,
                                                           const std::vector<std::size_t>& trials,
                                                           bool read_relative_params);

/// log l(x) − log g(x) at each point.
[[nodiscard]] std::vector<double> acquisition(const MixtureDensity& below, const MixtureDensity& above,
                                              const MixtureDensity::Columns& points);

/// A choice among candidates and all that led to it, for people.
[[nodiscard]] Weighing weigh(const TrialSplit& split, const ParzenEstimator& below,
                             const ParzenEstimator& above, const ParzenEstimator::Columns& candidates,
                             std::size_t chosen);

/// Index of the largest score, the first on ties; NaN never wins.
[[nodiscard]] std::size_t first_best(std::span<const double> scores);

}  // namespace tune::samplers
