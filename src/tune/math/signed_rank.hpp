#pragma once

#include <span>
#include <vector>

namespace tune::math {

/// What is tested against "the differences are symmetric about 0".
enum class Alternative { kLess, kGreater };

/// One-sided p-value of Wilcoxon's signed-rank test, as `scipy.stats.wilcoxon(zero_method="zsplit")` of
/// scipy 1.10 gives it. Up to 50 differences without a zero: from the exact null distribution, also with ties
/// (the rank sum is then rounded down). Else from the normal approximation, corrected for ties, zeros shared by
/// both sides. `differences` are at least one and not NaN. O(k²) for k ≤ 50 differences, O(k log k) beyond.
[[nodiscard]] double signed_rank_p_value(std::span<const double> differences, Alternative alternative);

/// In how many of the 2^n sign patterns the positive ranks of 1 … n sum up to 0, 1, …, n(n + 1)/2; n ≤ 50.
[[nodiscard]] std::vector<double> signed_rank_counts(std::size_t n);

}  // namespace tune::math
