// Float functions that a compiler vectorises; included by kernels.inl only, once for each instruction set.
// Comparisons are written so that NaN goes through: a diverged network must show.

#define FMNIST_INLINE __attribute__((always_inline)) inline

/// e^x = scale · (1 + rest), |rest| small enough that nothing is lost in it.
struct ExpParts {
  float scale;
  float rest;
};

/// Cephes' expf: range reduction by ln 2 in two parts, then a polynomial; about 1 ulp. Arguments beyond the
/// range of normal floats are taken at its ends.
FMNIST_INLINE ExpParts exp_parts(float x) {
  constexpr float kLowest = -87.33F;
  constexpr float kHighest = 88.37F;
  constexpr float kRound = 12582912.0F;  // 1.5 · 2^23: adding it leaves the nearest integer in the low bits.
  x = x < kLowest ? kLowest : x;
  x = x > kHighest ? kHighest : x;
  const float shifted = x * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const std::uint32_t bits = (__builtin_bit_cast(std::uint32_t, shifted) + 127U) << 23;
  return {__builtin_bit_cast(float, bits), p * r * r + r};
}

FMNIST_INLINE float exp_of(float x) {
  const ExpParts parts = exp_parts(x);
  return parts.scale * parts.rest + parts.scale;
}

FMNIST_INLINE float expm1_of(float x) {
  const ExpParts parts = exp_parts(x);
  return parts.scale * parts.rest + (parts.scale - 1.0F);
}

/// √x of x ≥ 0 to 2 ulp by products and sums alone: the dividers of many processors take five times as long. A
/// first guess from the bits with J. Kadlec's constants (relative error 7e-4), then a step of third order.
/// Below the smallest normal float the result is anything between 0 and 1e-18; of ∞ it is −∞, by which a
/// division still gives 0.
FMNIST_INLINE float root_of(float x) {
  const float guess = __builtin_bit_cast(float, 0x5F1FFFF9U - (__builtin_bit_cast(std::uint32_t, x) >> 1));
  const float r = guess * 0.703952253F * (2.38924456F - x * guess * guess);
  const float root = x * r;
  const float rest = 1.0F - root * r;
  return root + root * rest * (0.5F + 0.375F * rest);
}

/// Each has the value and the derivative at z.
struct Point {
  float value;
  float slope;
};

struct Relu {
  static FMNIST_INLINE Point at(float z) { return {z < 0.0F ? 0.0F : z, z > 0.0F ? 1.0F : 0.0F}; }
};

struct LeakyRelu {
  static FMNIST_INLINE Point at(float z) {
    const float slope = z > 0.0F ? 1.0F : 0.01F;
    return {z * slope, slope};
  }
};

struct Elu {
  static FMNIST_INLINE Point at(float z) {
    const float low = expm1_of(z < 0.0F ? z : 0.0F);
    return {z < 0.0F ? low : z, low + 1.0F};
  }
};

struct Sigmoid {
  static FMNIST_INLINE Point at(float z) {
    const float s = 1.0F / (1.0F + exp_of(-z));
    return {s, s * (1.0F - s)};
  }
};

struct Silu {
  static FMNIST_INLINE Point at(float z) {
    const float s = 1.0F / (1.0F + exp_of(-z));
    return {z * s, s * (1.0F + z * (1.0F - s))};
  }
};

struct Tanh {
  static FMNIST_INLINE Point at(float z) {
    const float magnitude = z < 0.0F ? -z : z;
    const float e = expm1_of(2.0F * magnitude);
    const float t = e / (e + 2.0F);
    return {z < 0.0F ? -t : t, 1.0F - t * t};
  }
};

/// x·Φ(x) with Φ from Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7).
struct Gelu {
  static FMNIST_INLINE Point at(float z) {
    const float magnitude = z < 0.0F ? -z : z;
    const float t = 1.0F / (1.0F + 0.3275911F * 0.70710678F * magnitude);
    const float gauss = exp_of(-0.5F * z * z);
    float p = 1.061405429F;
    p = p * t - 1.453152027F;
    p = p * t + 1.421413741F;
    p = p * t - 0.284496736F;
    p = p * t + 0.254829592F;
    const float tail = 0.5F * p * t * gauss;
    const float phi = z < 0.0F ? tail : 1.0F - tail;
    return {z * phi, phi + z * gauss * 0.39894228F};
  }
};
