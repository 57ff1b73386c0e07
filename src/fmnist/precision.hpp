#pragma once

#include <cstdint>

#include "fmnist/names.hpp"

namespace fmnist {

/// Of the numbers that the matrix products of dense layers multiply. Sums, parameters and all else are floats.
enum class Precision : std::uint8_t {
  kFp32,
  kBf16,  ///< Rounded to bfloat16: 8 bits, with the range of a float. On the CPU, by the engine written by
          ///< hand.
};

[[nodiscard]] const Names<Precision>& precision_names();

}  // namespace fmnist
