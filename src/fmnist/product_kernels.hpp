#pragma once

#include <cstddef>
#include <cstdint>

namespace fmnist {

/// C[i, j] = Σ_d A[i, d]·B[d, j] for i < m, j < n, d < k. A[i, d] is at a[i·a_row + d·a_depth]; B and C are
/// row-major, `ld…` their row lengths as stored. Each sum is taken in the order of d, so that it does not
/// depend on m and n, and its rounding grows with k.
struct FloatProduct {
  std::size_t m, n, k;
  const float* a;
  std::size_t a_row, a_depth;
  const float* b;
  std::size_t ldb;
  float* c;
  std::size_t ldc;
};

/// Which of many things are so: bit d % 64 of word d / 64 of d.
constexpr std::size_t kBitsOfWord = 64;
constexpr std::size_t words_of_bits(std::size_t bits) {
  return (bits + kBitsOfWord - 1) / kBitsOfWord;
}

/// C[i, j] = start[j] + Σ_d A[i, d]·B[d, j] for i < m, j < n, where a d is left out if A[i, d] is 0 in row i
/// and in those that are computed with it. A[i, d] is at a[i·a_row + d·a_depth]; B and C are row-major, `ld…`
/// their row lengths as stored. Each sum is taken in the order of d: with a finite B it does not depend on m, n
/// and order, and where B is not finite it may be infinite or no number, by what it is computed with.
template <typename Left, typename Right>
struct SparseProduct {
  std::size_t m, n;
  const Left* a;
  std::size_t a_row, a_depth;
  const std::uint64_t* bits;  ///< [m, words] whether A[i, d] is not 0; no bit beyond the last d is set.
  std::size_t words;
  /// [m] 0 … m - 1 in some order. Rows that follow each other in it are computed together: the more zeros they
  /// have in common, the faster.
  const std::uint32_t* order;
  const float* start;
  const Right* b;
  std::size_t ldb;
  float* c;
  std::size_t ldc;
};

/// A is bytes, each of which stands for a number that `multiply_bytes` is given.
using ByteProduct = SparseProduct<std::uint8_t, float>;

/// Images side by side: row i of `images` [n, features] is the one at pixels + rows[i]·features.
struct ByteRows {
  const std::uint8_t* pixels;
  std::size_t features;
  const std::uint32_t* rows;
  std::size_t n;
  std::uint8_t* images;
  std::uint64_t* bits;   ///< [n, words_of_bits(features)] whether bytes are not 0.
  std::uint8_t* counts;  ///< [n, words_of_bits(features)] how many bits of each word are set.
};

struct GradientKernels;

/// Products for the sizes of small networks: columns of B and C are the lanes of registers, and nothing is
/// copied into another order first, as libraries for products of any size do. Fast where B stays in a second
/// cache and its rows begin with cache lines; those of floats are several times slower than a library's where
/// operands are large.
struct ProductKernels {
  void (*multiply)(const FloatProduct& product);
  /// The same without the d where A[i, d] is 0, unless B has what is not finite: the fewer are not 0, the
  /// faster. It gives the same, but for the sign of a 0. a_row or a_depth is 1, and k at least 1.
  void (*multiply_sparse)(const FloatProduct& product);
  /// Of n numbers. What is no number counts; -0 does not, nor, where they are flushed, subnormal numbers.
  std::size_t (*count_not_zero)(std::size_t n, const float* numbers);
  /// to[j·ld_to + i] = from[i·ld_from + j] for i < rows, j < cols
  void (*transpose)(std::size_t rows, std::size_t cols, const float* from, std::size_t ld_from, float* to,
                    std::size_t ld_to);
  /// `numbers` [256]: what each byte stands for; 0 must stand for 0.
  void (*multiply_bytes)(const ByteProduct& product, const float* numbers);
  void (*gather_bytes)(const ByteRows& rows);
  const GradientKernels* gradients;  ///< Not null.
};

/// Whether multiply_sparse takes less time than multiply: for many columns, of an A without gaps much of which
/// is 0. Depends on A and the sizes alone.
[[nodiscard]] bool is_sparse(const FloatProduct& product, const ProductKernels& kernels);

/// Those for AVX-512, or null on processors without it: over AVX2 they were no faster than oneDNN's. The same
/// for the life of the process.
[[nodiscard]] const ProductKernels* product_kernels();

}  // namespace fmnist
