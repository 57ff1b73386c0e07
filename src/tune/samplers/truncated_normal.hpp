#pragma once

#include <span>

/// The standard normal distribution and its truncation to an interval, stable far into both tails. Definitions
/// of Optuna's `samplers/_tpe/_truncnorm.py`.
namespace tune::samplers {

/// log Φ(x). −∞ gives −∞.
[[nodiscard]] double log_ndtr(double x) noexcept;

/// log(Φ(b) − Φ(a)) for a ≤ b.
[[nodiscard]] double log_gauss_mass(double a, double b) noexcept;

/// The x with log Φ(x) = y, by Newton's method. y ≤ 0; y = 0 gives +∞ and y = −∞ gives −∞.
[[nodiscard]] double inverse_log_ndtr(double y) noexcept;

/// The q-quantile of the standard normal truncated to [a, b], q in [0, 1]; NaN when a = b.
[[nodiscard]] double truncated_normal_quantile(double q, double a, double b) noexcept;

/// x[i] = that quantile for q = x[i], a[i] and b[i], with the same bits. All of one size, a multiple of eight.
void truncated_normal_quantiles(std::span<const double> a, std::span<const double> b, std::span<double> x);

/// log φ(x) of the untruncated standard normal density.
[[nodiscard]] double normal_log_density(double x) noexcept;

}  // namespace tune::samplers
