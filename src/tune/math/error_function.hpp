#pragma once

/// The error function, computed here rather than taken from the C library, so that a suggestion does not
/// depend on the machine's libm. Rational approximations after W. J. Cody, "Rational Chebyshev approximations
/// for the error function", Math. Comp. 23 (1969), with the coefficients of FreeBSD's s_erf.c (Copyright (C)
/// 1993 by Sun Microsystems, Inc.; freely usable with this notice), which Optuna uses too. Error < 1 ulp.
namespace tune::math {

/// 2/√π ∫₀ˣ exp(−t²) dt; NaN for NaN.
[[nodiscard]] double erf(double x) noexcept;

/// 1 − erf(x) without cancellation for large x.
[[nodiscard]] double erfc(double x) noexcept;

}  // namespace tune::math
