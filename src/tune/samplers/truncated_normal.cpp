#include "tune/samplers/truncated_normal.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "tune/math/elementary.hpp"
#include "tune/math/error_function.hpp"
#include "tune/math/lane_kernels.hpp"

namespace tune::samplers {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHalfLogTwoPi = 0.91893853320467274178;

// Left of this, probabilities are too small to be held as such.
constexpr double kSmallestQuantile = -35.0;
constexpr double kSmallestProbability = 1e-290;

// Φ(x) for x ≤ 0.
double lower_tail(double x) noexcept {
  return math::exp(-0.5 * x * x) * math::scaled_tail(-x);
}

double log_add(double a, double b) noexcept {
  const double larger = std::max(a, b);
  return larger == -kInfinity ? larger : larger + math::log1p(math::exp(std::min(a, b) - larger));
}

double log_mass_left(double a, double b) noexcept {
  const double upper = log_ndtr(b);
  if (upper == -kInfinity) {
    return upper;
  }
  return upper + math::log1p(-math::exp(log_ndtr(a) - upper));
}

double initial_guess(double log_probability) noexcept {
  if (log_probability < -5.0) {
    return -std::sqrt(-2.0 * (log_probability + kHalfLogTwoPi));
  }
  // The logistic distribution of the same variance.
  return -std::numbers::sqrt3 / std::numbers::pi * math::log(math::expm1(-log_probability));
}

double newton(double log_probability) noexcept {
  double x = initial_guess(log_probability);
  for (int i = 0; i < 100; ++i) {
    const double reached = log_ndtr(x);
    const double dx = (reached - log_probability) * math::exp(reached - normal_log_density(x));
    x -= dx;
    if (!(std::abs(dx) >= 1e-8 * std::abs(x)) || dx == 0.0) {
      break;
    }
  }
  return x;
}

// In logarithms throughout, by Newton's method. a < 0.
double quantile_of_logs(double q, double a, double b) noexcept {
  return inverse_log_ndtr(log_add(log_ndtr(a), math::log(q) + log_gauss_mass(a, b)));
}

// a < 0; on the side of the median where probabilities keep their digits.
double quantile(double q, double a, double b) noexcept {
  if (b < kSmallestQuantile) {
    return quantile_of_logs(q, a, b);
  }
  const double below = lower_tail(a);
  const double beyond = b > 0.0 ? lower_tail(-b) : 0.0;
  const double mass = b > 0.0 ? (1.0 - below) - beyond : lower_tail(b) - below;
  const double p = below + q * mass;
  if (p < kSmallestProbability) {
    return quantile_of_logs(q, a, b);
  }
  return p <= 0.5 ? math::lower_normal_quantile(p) : -math::lower_normal_quantile(beyond + (1.0 - q) * mass);
}

}  // namespace

double log_ndtr(double x) noexcept {
  if (x > 0.0) {
    return math::log1p(-lower_tail(-x));
  }
  return x == -kInfinity ? x : -0.5 * x * x + math::log(math::scaled_tail(-x));
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
  return math::log1p(-below - beyond);
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
  const double x = newton(flipped ? math::log(-math::expm1(y)) : y);
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
  return a < 0.0 ? quantile(q, a, b) : -quantile(1.0 - q, -b, -a);
}

void truncated_normal_quantiles(std::span<const double> a, std::span<const double> b, std::span<double> x) {
  std::array<double, math::kGroup> quantiles;
  for (std::size_t first = 0; first < x.size(); first += math::kGroup) {
    double* const q = x.data() + first;
    std::copy_n(q, math::kGroup, quantiles.begin());
    math::lane_kernels().quantiles(a.data() + first, b.data() + first, quantiles.data(), math::kGroup);
    for (std::size_t i = 0; i < math::kGroup; ++i) {
      q[i] =
          std::isnan(quantiles[i]) ? truncated_normal_quantile(q[i], a[first + i], b[first + i]) : quantiles[i];
    }
  }
}

double normal_log_density(double x) noexcept {
  return -0.5 * (x * x) - kHalfLogTwoPi;
}

}  // namespace tune::samplers
