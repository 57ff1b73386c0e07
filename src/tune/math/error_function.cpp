#include "tune/math/error_function.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "tune/math/elementary.hpp"

namespace tune::math {
namespace {

constexpr double kErfOfOne = 8.45062911510467529297e-01;  // erf(1) rounded to float, the anchor near 1.

// x·(1 + P/Q)(x²) on [0, 0.84375].
constexpr std::array kSmallP{1.28379167095512558561e-01, -3.25042107247001499370e-01,
                             -2.84817495755985104766e-02, -5.77027029648944159157e-03,
                             -2.37630166566501626084e-05};
constexpr std::array kSmallQ{1.0,
                             3.97917223959155352819e-01,
                             6.50222499887672944485e-02,
                             5.08130628187576562776e-03,
                             1.32494738004321644526e-04,
                             -3.96022827877536812320e-06};

// erf(1) + (P/Q)(x − 1) on [0.84375, 1.25].
constexpr std::array kMiddleP{-2.36211856075265944077e-03, 4.14856118683748331666e-01,
                              -3.72207876035701323847e-01, 3.18346619901161753674e-01,
                              -1.10894694282396677476e-01, 3.54783043256182359371e-02,
                              -2.16637559486879084300e-03};
constexpr std::array kMiddleQ{1.0,
                              1.06420880400844228286e-01,
                              5.40397917702171048937e-01,
                              7.18286544141962662868e-02,
                              1.26171219808761642112e-01,
                              1.36370839120290507362e-02,
                              1.19844998467991074170e-02};

// erfc(x) = exp(−x² − 0.5625 + (R/S)(1/x²)) / x, first pair up to 1/0.35, second pair up to 28.
constexpr std::array kTailR{-9.86494403484714822705e-03, -6.93858572707181764372e-01,
                            -1.05586262253232909814e+01, -6.23753324503260060396e+01,
                            -1.62396669462573470355e+02, -1.84605092906711035994e+02,
                            -8.12874355063065934246e+01, -9.81432934416914548592e+00};
constexpr std::array kTailS{1.0,
                            1.96512716674392571292e+01,
                            1.37657754143519042600e+02,
                            4.34565877475229228821e+02,
                            6.45387271733267880336e+02,
                            4.29008140027567833386e+02,
                            1.08635005541779435134e+02,
                            6.57024977031928170135e+00,
                            -6.04244152148580987438e-02};
constexpr std::array kFarTailR{-9.86494292470009928597e-03, -7.99283237680523006574e-01,
                               -1.77579549177547519889e+01, -1.60636384855821916062e+02,
                               -6.37566443368389627722e+02, -1.02509513161107724954e+03,
                               -4.83519191608651397019e+02};
constexpr std::array kFarTailS{1.0,
                               3.03380607434824582924e+01,
                               3.25792512996573918826e+02,
                               1.53672958608443695994e+03,
                               3.19985821950859553908e+03,
                               2.55305040643316442583e+03,
                               4.74528541206955367215e+02,
                               -2.24409524465858183362e+01};

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) noexcept {
  double sum = 0.0;
  for (std::size_t i = N; i-- > 0;) {
    sum = sum * x + coefficients[i];
  }
  return sum;
}

double small_ratio(double x) noexcept {
  const double z = x * x;
  return polynomial(kSmallP, z) / polynomial(kSmallQ, z);
}

double middle_ratio(double x) noexcept {
  const double s = x - 1.0;
  return polynomial(kMiddleP, s) / polynomial(kMiddleQ, s);
}

// exp(−x²) loses digits when x² is rounded, so x is split into a part whose square is exact and a rest.
double tail(double x) noexcept {
  const double s = 1.0 / (x * x);
  const double ratio = x < 1.0 / 0.35 ? polynomial(kTailR, s) / polynomial(kTailS, s)
                                      : polynomial(kFarTailR, s) / polynomial(kFarTailS, s);
  const double head = std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & 0xffffffff00000000U);
  return math::exp(-head * head - 0.5625) * math::exp((head - x) * (head + x) + ratio) / x;
}

}  // namespace

double erf(double x) noexcept {
  const double a = std::abs(x);
  if (a < 0.84375) {
    return x + x * small_ratio(x);
  }
  if (a < 1.25) {
    return std::copysign(kErfOfOne + middle_ratio(a), x);
  }
  if (a < 6.0) {
    return std::copysign(1.0 - tail(a), x);
  }
  return a >= 6.0 ? std::copysign(1.0, x) : x;
}

double erfc(double x) noexcept {
  const double a = std::abs(x);
  if (a < 0.84375) {
    return x < 0.25 ? 1.0 - (x + x * small_ratio(x)) : 0.5 - (x - 0.5 + x * small_ratio(x));
  }
  if (a < 1.25) {
    const double middle = middle_ratio(a);
    return x > 0.0 ? 1.0 - kErfOfOne - middle : 1.0 + (kErfOfOne + middle);
  }
  if (a < 28.0) {
    return x > 0.0 ? tail(a) : (a < 6.0 ? 2.0 - tail(a) : 2.0);
  }
  return a >= 28.0 ? (x > 0.0 ? 0.0 : 2.0) : x;
}

}  // namespace tune::math
