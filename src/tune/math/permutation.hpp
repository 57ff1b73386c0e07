#pragma once

#include <cstdint>

namespace tune::math {

/// A random bijection of 0 … n − 1 that needs no memory: a Feistel network of keyed random functions over the
/// next even number of bits, applied until the result is below n (Black and Rogaway, "Ciphers with arbitrary
/// finite domains", CT-RSA 2002).
class Permutation {
 public:
  /// Throws InvalidArgument for n = 0 and n > 2^62.
  Permutation(std::uint64_t n, std::uint64_t seed);

  /// The image of `index`, which must be below n. At most four rounds on average.
  [[nodiscard]] std::uint64_t operator()(std::uint64_t index) const;

 private:
  [[nodiscard]] std::uint64_t once(std::uint64_t index) const;

  std::uint64_t n_;
  std::uint64_t seed_;
  unsigned half_bits_ = 1;
};

}  // namespace tune::math
