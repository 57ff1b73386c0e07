#pragma once

#include <cstddef>

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

/// Products of floats for the sizes of small networks: columns of B and C are the lanes of registers, and
/// nothing is copied into another order first, as libraries for products of any size do. Fast where B stays in
/// a second cache and its rows begin with cache lines; several times slower than a library where operands are
/// large.
struct ProductKernels {
  void (*multiply)(const FloatProduct& product);
  /// to[j·ld_to + i] = from[i·ld_from + j] for i < rows, j < cols
  void (*transpose)(std::size_t rows, std::size_t cols, const float* from, std::size_t ld_from, float* to,
                    std::size_t ld_to);
};

/// Those for AVX-512, or null on processors without it: over AVX2 they were no faster than oneDNN's. The same
/// for the life of the process.
[[nodiscard]] const ProductKernels* product_kernels();

}  // namespace fmnist
