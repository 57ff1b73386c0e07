#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tune/history.hpp"
#include "tune/option.hpp"

/// The steps of the percentile rule, each callable alone.
namespace tune::pruners {

/// The options that the median and the percentile rule share.
[[nodiscard]] std::vector<OptionSpec> schedule_option_specs();

/// `n_warmup_steps` and `interval_steps`, for every pruner that checks at such steps.
[[nodiscard]] std::vector<OptionSpec> check_option_specs(std::int64_t n_warmup_steps,
                                                         std::int64_t interval_steps);

/// Whether a check is due at the last of these reports (sorted by step): none was made yet since the latest
/// multiple of `interval_steps` after `n_warmup_steps`.
[[nodiscard]] bool is_check_due(std::span<const IntermediateValue> reports, std::int64_t n_warmup_steps,
                                std::int64_t interval_steps);

/// The largest (`maximize`) or smallest value, NaN ignored; NaN when there is no other.
[[nodiscard]] double best_report(std::span<const IntermediateValue> reports, bool maximize);

/// What the COMPLETE trials reported at `step`, NaN included.
[[nodiscard]] std::vector<double> complete_values_at(const HistoryView& history, std::int64_t step);

/// numpy's `percentile` with linear interpolation, `percentile` in [0, 100], of values in ascending order,
/// which are at least one and not NaN. NaN where interpolation meets an infinite neighbour, as in numpy. O(1).
[[nodiscard]] double sorted_percentile(std::span<const double> sorted, double percentile);
/// The same of values in any order, which it sorts.
[[nodiscard]] double linear_percentile(std::span<double> values, double percentile);

}  // namespace tune::pruners
