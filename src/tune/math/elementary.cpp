#include "tune/math/elementary.hpp"

#include <cmath>

#include "tune/math/lanes.hpp"

namespace tune::math {

double exp(double x) noexcept {
  return lanes::exp(x);
}

double log(double x) noexcept {
  return lanes::log(x);
}

double log1p(double x) noexcept {
  const double sum = 1.0 + x;
  if (sum == 1.0 || std::isinf(sum)) {
    return x;
  }
  if (sum == 0.0) {
    return log(sum);
  }
  // What the sum lost to rounding, as the first term of the series there.
  return log(sum) - ((sum - 1.0) - x) / sum;
}

double expm1(double x) noexcept {
  // Kahan: the errors of exp and of log cancel.
  const double power = exp(x);
  const double difference = power - 1.0;
  if (power == 1.0) {
    return x;
  }
  if (std::abs(x) > 1.0) {
    return difference;
  }
  return difference * x / log(power);
}

double scaled_tail(double t) noexcept {
  return lanes::scaled_tail(t);
}

double log_interval_mass(double a, double b) noexcept {
  return lanes::log_interval_mass(a, b);
}

double lower_normal_quantile(double p) noexcept {
  const double from_middle = p - 0.5;
  if (from_middle >= -0.425) {
    return lanes::middle_quantile(from_middle);
  }
  const double r = std::sqrt(-log(p));
  return r <= lanes::kFarTail ? lanes::near_quantile(r) : lanes::far_quantile(r);
}

}  // namespace tune::math
