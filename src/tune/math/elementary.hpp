#pragma once

/// exp, log and their relatives, computed here rather than taken from the C library, whose answers differ in
/// the last bit from processor to processor. Each agrees bit for bit with its eight-lane version in lanes.hpp.
namespace tune::math {

/// e^x, error < 1 ulp.
[[nodiscard]] double exp(double x) noexcept;

/// Natural logarithm, error < 1 ulp; −∞ for 0, NaN below.
[[nodiscard]] double log(double x) noexcept;

/// log(1 + x) without cancellation near 0, error < 3 ulp.
[[nodiscard]] double log1p(double x) noexcept;

/// e^x − 1 without cancellation near 0, error < 4 ulp.
[[nodiscard]] double expm1(double x) noexcept;

/// Q(t) e^{t²/2} for t ≥ 0, where Q is the upper tail of the standard normal distribution. Error < 4 ulp.
[[nodiscard]] double scaled_tail(double t) noexcept;

/// log(Φ(b) − Φ(a)) for a ≤ b, also far out in either tail; −∞ when no mass is left between them.
[[nodiscard]] double log_interval_mass(double a, double b) noexcept;

/// The x with Φ(x) = p for p in (0, 1/2] down to 1e-300. Wichura's algorithm AS 241 (Applied Statistics 37,
/// 1988), relative error about 1e-16.
[[nodiscard]] double lower_normal_quantile(double p) noexcept;

}  // namespace tune::math
