#include "tune/samplers/truncated_normal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "tune/math/error_function.hpp"

namespace tune::samplers {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHalfLogTwoPi = 0.91893853320467274178;
constexpr double kOneOverSqrt2 = 0.70710678118654752440;

// Below this, log Φ comes from its asymptotic series; above the next, from Φ(−x) (Optuna's limits).
constexpr double kSeriesBelow = -20.0;
constexpr double kComplementAbove = 6.0;

double ndtr(double a) noexcept {
  const double x = a / std::numbers::sqrt2;
  if (x < -kOneOverSqrt2) {
    return 0.5 * math::erfc(-x);
  }
  if (x < kOneOverSqrt2) {
    return 0.5 + 0.5 * math::erf(x);
  }
  return 1.0 - 0.5 * math::erfc(x);
}

// Abramowitz & Stegun 26.2.12: Φ(x) ~ φ(x)/|x| · (1 − 1/x² + 3/x⁴ − …).
double log_ndtr_series(double x) noexcept {
  const double log_leading = -0.5 * x * x - std::log(-x) - kHalfLogTwoPi;
  const double inverse_square = 1.0 / (x * x);
  double sum = 1.0;
  double term = 1.0;
  double previous = 0.0;
  for (int i = 1; std::abs(previous - sum) > std::numeric_limits<double>::epsilon(); ++i) {
    previous = sum;
    term *= -inverse_square * (2 * i - 1);
    sum += term;
  }
  return log_leading + std::log(sum);
}

double log_add(double a, double b) noexcept {
  const double larger = std::max(a, b);
  return larger == -kInfinity ? larger : larger + std::log1p(std::exp(std::min(a, b) - larger));
}

double log_mass_left(double a, double b) noexcept {
  const double upper = log_ndtr(b);
  if (upper == -kInfinity) {
    return upper;
  }
  return upper + std::log1p(-std::exp(log_ndtr(a) - upper));
}

double initial_guess(double log_probability) noexcept {
  if (log_probability < -5.0) {
    return -std::sqrt(-2.0 * (log_probability + kHalfLogTwoPi));
  }
  // The logistic distribution of the same variance.
  return -std::numbers::sqrt3 / std::numbers::pi * std::log(std::expm1(-log_probability));
}

double newton(double log_probability) noexcept {
  double x = initial_guess(log_probability);
  for (int i = 0; i < 100; ++i) {
    const double reached = log_ndtr(x);
    const double dx = (reached - log_probability) * std::exp(reached - normal_log_density(x));
    x -= dx;
    if (!(std::abs(dx) >= 1e-8 * std::abs(x)) || dx == 0.0) {
      break;
    }
  }
  return x;
}

}  // namespace

double log_ndtr(double x) noexcept {
  if (x > kComplementAbove) {
    return -ndtr(-x);
  }
  if (x > kSeriesBelow) {
    return std::log(ndtr(x));
  }
  return x == -kInfinity ? x : log_ndtr_series(x);
}

double log_gauss_mass(double a, double b) noexcept {
  if (b <= 0.0) {
    return log_mass_left(a, b);
  }
  if (a > 0.0) {
    return log_mass_left(-b, -a);  // The left tail is the accurate one.
  }
  const double below = 0.5 + 0.5 * math::erf(a / std::numbers::sqrt2);
  const double beyond = 0.5 + 0.5 * math::erf(-b / std::numbers::sqrt2);
  return std::log1p(-below - beyond);
}

double inverse_log_ndtr(double y) noexcept {
  if (y >= 0.0) {
    return kInfinity;
  }
  if (y == -kInfinity) {
    return y;
  }
  // Near 1 the probability itself carries no digits any more: solve for its complement and flip the sign.
  const bool flipped = y > -1e-2;
  const double x = newton(flipped ? std::log(-std::expm1(y)) : y);
  return flipped ? -x : x;
}

double truncated_normal_quantile(double q, double a, double b) noexcept {
  if (a == b) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (q == 0.0) {
    return a;
  }
  if (q == 1.0) {
    return b;
  }
  const double log_mass = log_gauss_mass(a, b);
  if (a < 0.0) {
    return inverse_log_ndtr(log_add(log_ndtr(a), std::log(q) + log_mass));
  }
  return -inverse_log_ndtr(log_add(log_ndtr(-b), std::log1p(-q) + log_mass));
}

double normal_log_density(double x) noexcept {
  return -0.5 * (x * x) - kHalfLogTwoPi;
}

}  // namespace tune::samplers
