#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

/// Elementary functions over one double or four at a time, from the same source: each lane gives the bits that
/// the scalar gives, whatever instructions the compiler makes of it, as long as no multiplication is fused with
/// an addition. Files that include this are compiled with -ffp-contract=off.
///
/// Private to src/tune/math/*.cpp: the types have no stable calling convention, so everything is inlined. For
/// the same reason nothing here calls a function of the standard library: a copy of it compiled for a newer
/// processor could end up serving the whole program.
namespace tune::math::lanes {

inline constexpr std::size_t kLanes = 4;

using Lanes [[gnu::vector_size(32)]] = double;
using Words [[gnu::vector_size(32)]] = std::uint64_t;
using Mask [[gnu::vector_size(32)]] = std::int64_t;

#define TUNE_INLINE [[gnu::always_inline]] inline

TUNE_INLINE std::uint64_t bits_of(double x) {
  return __builtin_bit_cast(std::uint64_t, x);
}
TUNE_INLINE Words bits_of(const Lanes& x) {
  return reinterpret_cast<Words>(x);
}
TUNE_INLINE double from_bits(std::uint64_t x) {
  return __builtin_bit_cast(double, x);
}
TUNE_INLINE Lanes from_bits(const Words& x) {
  return reinterpret_cast<Lanes>(x);
}
TUNE_INLINE double select(bool mask, double a, double b) {
  return mask ? a : b;
}
TUNE_INLINE Lanes select(const Mask& mask, const Lanes& a, const Lanes& b) {
  return mask ? a : b;
}

template <typename T>
TUNE_INLINE T broadcast(double x) {
  return T{} + x;
}

/// NaN in `a` gives `b`.
template <typename T>
TUNE_INLINE T larger(const T& a, const T& b) {
  return select(a > b, a, b);
}

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// True when the mask is set in any lane.
TUNE_INLINE bool any(const Mask& mask) {
#ifdef __AVX__
  return __builtin_ia32_movmskpd256(reinterpret_cast<Lanes>(mask)) != 0;
#else
  return (mask[0] | mask[1] | mask[2] | mask[3]) != 0;
#endif
}

TUNE_INLINE Lanes square_root(const Lanes& x) {
  return Lanes{__builtin_sqrt(x[0]), __builtin_sqrt(x[1]), __builtin_sqrt(x[2]), __builtin_sqrt(x[3])};
}

/// Added to a small number, it leaves the nearest integer in the low bits of the sum.
inline constexpr double kToInteger = 0x1.8p52;

/// 2^k for an integer k in [-1022, 1023].
template <typename T>
TUNE_INLINE T power_of_two(const T& k) {
  return from_bits((bits_of(k + kToInteger) + std::uint64_t{1023}) << 52);
}

/// Σ coefficients[i] xⁱ, from the highest down.
template <typename T, std::size_t N>
TUNE_INLINE T polynomial(const double (&coefficients)[N], const T& x) {
  T sum = broadcast<T>(coefficients[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;) {
    sum = sum * x + coefficients[i];
  }
  return sum;
}

/// The terms i, i + 4, i + 8, … of a polynomial over x^i, given x⁴.
template <typename T, std::size_t N>
TUNE_INLINE T every_fourth(const double (&coefficients)[N], std::size_t i, const T& x4) {
  std::size_t last = i + (N - 1 - i) / 4 * 4;
  T sum = broadcast<T>(coefficients[last]);
  while (last > i) {
    last -= 4;
    sum = sum * x4 + coefficients[last];
  }
  return sum;
}

/// The same sum for a long polynomial, in four chains that a processor works on at the same time.
template <typename T, std::size_t N>
TUNE_INLINE T long_polynomial(const double (&coefficients)[N], const T& x) {
  const T x2 = x * x;
  const T x4 = x2 * x2;
  const T low = every_fourth(coefficients, 0, x4) + every_fourth(coefficients, 1, x4) * x;
  const T high = every_fourth(coefficients, 2, x4) + every_fourth(coefficients, 3, x4) * x;
  return low + high * x2;
}

/// e^x, error < 1 ulp; 0, infinity and denormals where they belong.
template <typename T>
TUNE_INLINE T exp(const T& argument) {
  constexpr double kLog2E = 1.44269504088896338700e+00;
  constexpr double kLn2High = 6.93147180369123816490e-01;  // 33 bits: exact times any exponent.
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  // Taylor of (e^r − 1 − r)/r² on |r| ≤ ln 2 / 2; the first term left out is below 2^-60.
  constexpr double kTaylor[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  T x = select(argument > 710.0, broadcast<T>(710.0), argument);
  x = select(x < -746.0, broadcast<T>(-746.0), x);
  const T k = (x * kLog2E + kToInteger) - kToInteger;
  const T r = (x - k * kLn2High) - k * kLn2Low;
  const T y = 1.0 + (r + r * r * long_polynomial(kTaylor, r));
  const T half = (k * 0.5 + kToInteger) - kToInteger;  // Two factors, so that denormals round once.
  return y * power_of_two(half) * power_of_two(T(k - half));
}

/// Natural logarithm, error < 1 ulp (the method of FreeBSD's e_log.c). −∞ for 0, NaN below.
template <typename T>
TUNE_INLINE T log(const T& x) {
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr double kOdd[] = {6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01,
                             1.479819860511658591e-01};
  constexpr double kEven[] = {3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01};
  constexpr std::uint64_t kOne = 0x3ff0000000000000U;
  constexpr std::uint64_t kRootHalf = 0x3fe6a09e00000000U;
  const auto tiny = x < std::numeric_limits<double>::min();
  const T scaled = select(tiny, T(x * 0x1p54), x);
  const auto word = bits_of(scaled) + (kOne - kRootHalf);
  const T exponent = from_bits((word >> 52) | bits_of(0x1p52)) - (0x1p52 + 1023.0);
  const T k = exponent - select(tiny, broadcast<T>(54.0), broadcast<T>(0.0));
  const T f = from_bits((word & 0x000fffffffffffffU) + kRootHalf) - 1.0;
  const T half_square = 0.5 * f * f;
  const T s = f / (2.0 + f);
  const T z = s * s;
  const T w = z * z;
  const T rest = w * polynomial(kEven, w) + z * polynomial(kOdd, w);
  const T result = s * (half_square + rest) + k * kLn2Low - half_square + f + k * kLn2High;
  const T special = select(x == 0.0, broadcast<T>(-kInfinity),
                           select(x > 0.0, x, broadcast<T>(std::numeric_limits<double>::quiet_NaN())));
  const auto ordinary = (x > 0.0) & (x < kInfinity);
  return select(ordinary, result, special);
}

/// Q(t) e^{t²/2} for t ≥ 0, Q the upper tail of the standard normal distribution: smooth, between 1/2 and
/// 1/(t √2π), so that tails can be compared after they have underflowed. Error < 4 ulp.
template <typename T>
TUNE_INLINE T scaled_tail(const T& t) {
  // Chebyshev interpolation of (1 + t) Q(t) e^{t²/2} in q = (t − 4)/(t + 4) at 60 digits.
  constexpr double kCoefficients[] = {
      4.72053206509844669e-01,  -9.67034773265260800e-02, 1.39996347244244670e-02,  2.86003640535788042e-02,
      -3.21978374280282031e-02, 1.79360974788345152e-02,  -5.00237859240009689e-03, -2.85623086401864490e-04,
      6.94897120865109138e-04,  -9.44303421504971187e-05, -8.78532981753415960e-05, 2.12504578608117762e-05,
      1.36273749587162436e-05,  -3.43340093241525834e-06, -2.61436294231482007e-06, 4.06766427333348537e-07,
      5.54760694989386153e-07,  -1.29195799858123939e-09, -1.14393128673316851e-07, -1.78937265198613296e-08,
      2.02084689302640342e-08,  5.45937369863899122e-09,  -2.59956380227158607e-09, -6.73663457100994619e-10,
      1.75697873395381636e-10};
  const T bounded = select(t > 1e300, broadcast<T>(1e300), t);
  const T q = (bounded - 4.0) / (bounded + 4.0);
  return long_polynomial(kCoefficients, q) / (1.0 + bounded);
}

/// log Φ(t) for t ≥ 0.
template <typename T>
TUNE_INLINE T log_most(const T& t) {
  return log(T(1.0 - scaled_tail(t) * exp(T(-0.5 * t * t))));
}

/// log(Φ(b) − Φ(a)) for a < b; −∞ when no mass is left between them.
template <typename T>
TUNE_INLINE T log_interval_mass(const T& a, const T& b) {
  const auto flip = a + b < 0.0;  // The interval on the side where tails are small numbers.
  const T low = select(flip, T(-b), a);
  const T high = select(flip, T(-a), b);
  const auto in_tail = low > 0.0;
  const T low_square = -0.5 * low * low;
  const T exponent = select(in_tail, T(-0.5 * (high - low) * (high + low)), T(-0.5 * high * high));
  const T near_tail = scaled_tail(select(in_tail, low, T(-low)));
  const T far_tail = scaled_tail(high) * exp(exponent);
  const T scaled = exp(select(in_tail, broadcast<T>(0.0), low_square)) * near_tail;
  const T mass = select(in_tail, T(scaled - far_tail), T((1.0 - scaled) - far_tail));
  return select(in_tail, low_square, broadcast<T>(0.0)) + log(larger(mass, broadcast<T>(0.0)));
}

/// Wichura's AS 241, PPND16: numerators and denominators for the middle, the near and the far tail.
inline constexpr double kMiddleP[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                      1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                      3.3430575583588128105e4, 2.5090809287301226727e3};
inline constexpr double kMiddleQ[] = {1.0,
                                      4.2313330701600911252e1,
                                      6.8718700749205790830e2,
                                      5.3941960214247511077e3,
                                      2.1213794301586595867e4,
                                      3.9307895800092710610e4,
                                      2.8729085735721942674e4,
                                      5.2264952788528545610e3};
inline constexpr double kNearP[] = {
    1.42343711074968357734e0, 4.63033784615654529590e0,  5.76949722146069140550e0,  3.64784832476320460504e0,
    1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4};
inline constexpr double kNearQ[] = {1.0,
                                    2.05319162663775882187e0,
                                    1.67638483018380384940e0,
                                    6.89767334985100004550e-1,
                                    1.48103976427480074590e-1,
                                    1.51986665636164571966e-2,
                                    5.47593808499534494600e-4,
                                    1.05075007164441684324e-9};
inline constexpr double kFarP[] = {
    6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,  2.96560571828504891230e-1,
    2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7};
inline constexpr double kFarQ[] = {1.0,
                                   5.99832206555887937690e-1,
                                   1.36929880922735805310e-1,
                                   1.48753612908506148525e-2,
                                   7.86869131145613259100e-4,
                                   1.84631831751005468180e-5,
                                   1.42151175831644588870e-7,
                                   2.04426310338993978564e-15};

/// The x with Φ(x) = 1/2 + d, |d| ≤ 0.425.
template <typename T>
TUNE_INLINE T middle_quantile(const T& d) {
  const T r = 0.180625 - d * d;
  return d * polynomial(kMiddleP, r) / polynomial(kMiddleQ, r);
}

/// Where the far tail begins, as √(−log p).
inline constexpr double kFarTail = 5.0;

/// The x with Φ(x) = p < 0.075, given r = √(−log p) ≤ kFarTail.
template <typename T>
TUNE_INLINE T near_quantile(const T& r) {
  return -polynomial(kNearP, T(r - 1.6)) / polynomial(kNearQ, T(r - 1.6));
}

/// The same for r > kFarTail.
template <typename T>
TUNE_INLINE T far_quantile(const T& r) {
  return -polynomial(kFarP, T(r - kFarTail)) / polynomial(kFarQ, T(r - kFarTail));
}

/// The x with Φ(x) = p for p in (0, 1/2].
TUNE_INLINE Lanes lower_normal_quantile(const Lanes& p) {
  const Lanes d = p - 0.5;
  const Lanes middle = middle_quantile(d);
  const Mask is_tail = d < -0.425;
  if (!any(is_tail)) return middle;
  const Lanes r = square_root(Lanes(-log(p)));
  const Mask is_far = is_tail & (r > kFarTail);
  const Lanes tail = any(is_far) ? select(is_far, far_quantile(r), near_quantile(r)) : near_quantile(r);
  return select(is_tail, tail, middle);
}

/// The q-quantile of the standard normal truncated to [a, b] where probabilities can be held as such: what
/// `truncated_normal_quantile` gives there, and NaN elsewhere.
TUNE_INLINE Lanes truncated_normal_quantile(const Lanes& q, const Lanes& a, const Lanes& b) {
  constexpr double kSmallestQuantile = -35.0;
  constexpr double kSmallestProbability = 1e-290;
  const Mask flip = a >= 0.0;  // To the side where tails are small numbers.
  const Lanes low = select(flip, Lanes(-b), a);
  const Lanes high = select(flip, Lanes(-a), b);
  const Lanes u = select(flip, Lanes(1.0 - q), q);
  const Lanes nearer = select(high > 0.0, Lanes(-high), high);
  const Lanes below = exp(Lanes(-0.5 * low * low)) * scaled_tail(Lanes(-low));
  const Lanes tail = exp(Lanes(-0.5 * nearer * nearer)) * scaled_tail(Lanes(-nearer));
  const Lanes beyond = select(high > 0.0, tail, broadcast<Lanes>(0.0));
  const Lanes mass = select(high > 0.0, Lanes((1.0 - below) - tail), Lanes(tail - below));
  const Lanes p = below + u * mass;
  const Mask is_low = p <= 0.5;
  const Lanes x = lower_normal_quantile(select(is_low, p, Lanes(beyond + (1.0 - u) * mass)));
  const Mask is_negative = is_low ^ flip;
  const Mask is_ordinary = (low < high) & (q > 0.0) & (q < 1.0) & (low < 0.0) & (high >= kSmallestQuantile) &
                           (p >= kSmallestProbability);
  return select(is_ordinary, select(is_negative, x, Lanes(-x)),
                broadcast<Lanes>(std::numeric_limits<double>::quiet_NaN()));
}

#undef TUNE_INLINE

}  // namespace tune::math::lanes
