#include "tune/math/elementary.hpp"

#include <cmath>

#include "tune/math/lanes.hpp"

namespace tune::math {
namespace {

// AS 241, PPND16: numerators and denominators for the middle, the near and the far tail.
constexpr double kMiddleP[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                               1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                               3.3430575583588128105e4, 2.5090809287301226727e3};
constexpr double kMiddleQ[] = {1.0,
                               4.2313330701600911252e1,
                               6.8718700749205790830e2,
                               5.3941960214247511077e3,
                               2.1213794301586595867e4,
                               3.9307895800092710610e4,
                               2.8729085735721942674e4,
                               5.2264952788528545610e3};
constexpr double kNearP[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                             3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                             2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double kNearQ[] = {1.0,
                             2.05319162663775882187e0,
                             1.67638483018380384940e0,
                             6.89767334985100004550e-1,
                             1.48103976427480074590e-1,
                             1.51986665636164571966e-2,
                             5.47593808499534494600e-4,
                             1.05075007164441684324e-9};
constexpr double kFarP[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                            2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                            2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double kFarQ[] = {1.0,
                            5.99832206555887937690e-1,
                            1.36929880922735805310e-1,
                            1.48753612908506148525e-2,
                            7.86869131145613259100e-4,
                            1.84631831751005468180e-5,
                            1.42151175831644588870e-7,
                            2.04426310338993978564e-15};

}  // namespace

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
    const double r = 0.180625 - from_middle * from_middle;
    return from_middle * lanes::polynomial(kMiddleP, r) / lanes::polynomial(kMiddleQ, r);
  }
  const double r = std::sqrt(-log(p));
  return r <= 5.0 ? -lanes::polynomial(kNearP, r - 1.6) / lanes::polynomial(kNearQ, r - 1.6)
                  : -lanes::polynomial(kFarP, r - 5.0) / lanes::polynomial(kFarQ, r - 5.0);
}

}  // namespace tune::math
