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

/// C[i, j] = start[j] + Σ_d numbers[A[i, d]]·B[d, j] for i < m, j < n, without the d for which A is 0 in the
/// row and those that are computed with it. A[i, d] is at a[i·a_row + d·a_depth]; B and C are row-major, `ld…`
/// their row lengths as stored. Each sum is taken in the order of d.
struct ByteProduct {
  std::size_t m, n;
  const float* numbers;  ///< [256] what bytes stand for; 0 for 0.
  const std::uint8_t* a;
  std::size_t a_row, a_depth;
  const std::uint64_t* bits;  ///< [m, words] bit d % 64 of word d / 64: whether A[i, d] is not 0.
  std::size_t words;
  /// [m] 0 … m - 1 in some order. Rows that follow each other in it are computed together: the more zeros they
  /// have in common, the faster.
  const std::uint32_t* order;
  const float* start;
  const float* b;
  std::size_t ldb;
  float* c;
  std::size_t ldc;
};

/// Images side by side: row i of `images` [n, features] is the one at pixels + rows[i]·features.
struct ByteRows {
  const std::uint8_t* pixels;
  std::size_t features;
  const std::uint32_t* rows;
  std::size_t n;
  std::uint8_t* images;
  std::uint64_t* bits;   ///< [n, ⌈features / 64⌉] which bytes are not 0, as above.
  std::uint8_t* counts;  ///< [n, ⌈features / 64⌉] how many.
};

/// Products of floats for the sizes of small networks: columns of B and C are the lanes of registers, and
/// nothing is copied into another order first, as libraries for products of any size do. Fast where B stays in
/// a second cache and its rows begin with cache lines; several times slower than a library where operands are
/// large.
struct ProductKernels {
  void (*multiply)(const FloatProduct& product);
  /// to[j·ld_to + i] = from[i·ld_from + j] for i < rows, j < cols
  void (*transpose)(std::size_t rows, std::size_t cols, const float* from, std::size_t ld_from, float* to,
                    std::size_t ld_to);
  void (*multiply_bytes)(const ByteProduct& product);
  void (*gather_bytes)(const ByteRows& rows);
};

/// Those for AVX-512, or null on processors without it: over AVX2 they were no faster than oneDNN's. The same
/// for the life of the process.
[[nodiscard]] const ProductKernels* product_kernels();

}  // namespace fmnist
