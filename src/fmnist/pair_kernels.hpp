#pragma once

#include <cstddef>
#include <cstdint>

#include "fmnist/product_kernels.hpp"

namespace fmnist {

/// A word holds a pair of bfloat16 numbers, neighbours along the depth that a product sums over, the first in
/// its lower half; the second is 0 beyond the last.
constexpr std::size_t pairs_of(std::size_t numbers) {
  return (numbers + 1) / 2;
}

/// Bytes, which are bfloat16 numbers exactly, and where their pairs are written.
struct BytesToPair {
  const std::uint8_t* images;  ///< [n, features]
  std::size_t n, features;
  std::uint32_t* words;  ///< As pair_pixels and pair_images have it.
};

/// Floats, which are multiplied by `scale` and become the nearest bfloat16 numbers, of two equally near ones
/// the even one. Of each row of words the first n are written.
struct RowsToPair {
  const float* numbers;
  std::size_t rows, n, stride;  ///< Row i is at numbers + i·stride and has n numbers.
  const std::uint32_t* order;   ///< [rows] 0 … rows - 1 in the order in which they are taken.
  float scale;
  std::uint32_t* words;  ///< [pairs_of(rows), ld]
  std::size_t ld;
};

/// d counts pairs, and A[i, d]·B[d, j] is the sum of the products of their first and of their second numbers,
/// rounded as the processor's instruction does it. Numbers closer to zero than 1.2e-38 count as zero.
using PairProduct = SparseProduct<std::uint32_t, std::uint32_t>;

/// Products of bfloat16 numbers with sums in float for the sizes of small networks, two numbers at a time.
struct PairKernels {
  /// Pairs of neighbouring pixels, `words` [n, pairs_of(features)]; `bits` [n,
  /// words_of_bits(pairs_of(features))]: which are not 0.
  void (*pair_pixels)(const BytesToPair& bytes, std::uint64_t* bits);
  /// Pairs of images that follow each other in `order`, `words` [pairs_of(n), features].
  void (*pair_images)(const BytesToPair& bytes, const std::uint32_t* order);
  /// Pairs of rows that follow each other in their order.
  void (*pair_rows)(const RowsToPair& rows);
  void (*multiply)(const PairProduct& product);
};

}  // namespace fmnist
