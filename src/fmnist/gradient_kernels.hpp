#pragma once

#include <cstddef>
#include <cstdint>

namespace fmnist {

/// So many rows and columns of G are worked on at a time, and so many columns of A at most.
constexpr std::size_t kGradientRows = 128;
constexpr std::size_t kGradientColumns = 128;
constexpr std::size_t kGradientPixels = 112;
/// Floats of A at a time: with those beside them they stay in a first cache.
constexpr std::size_t kGradientImages = 8192;
/// Columns of G are worked on in groups of this size, and lists have as much room beyond their end.
constexpr std::size_t kGradientGroup = 16;

/// Columns of G in whole groups, of those that are worked on at a time.
constexpr std::size_t gradient_columns(std::size_t n) {
  return n < kGradientColumns ? (n + kGradientGroup - 1) / kGradientGroup * kGradientGroup : kGradientColumns;
}
/// Numbers of a list of what is not 0 in a column of k rows.
constexpr std::size_t gradient_list(std::size_t k) {
  return (k < kGradientRows ? k : kGradientRows) + kGradientGroup;
}

/// Memory of a ByteGradient for its own use, each part of which begins with a cache line.
struct GradientSpace {
  std::size_t list;     ///< gradient_list of its rows, or more
  float* values;        ///< [gradient_columns, list]
  std::uint32_t* rows;  ///< [gradient_columns, list]
  float* images;        ///< [kGradientImages]
  float* sums;          ///< [gradient_columns, kGradientPixels]
};

/// C[d, j] = start[j] + Σ_i scale·A[i, d]·G[i, j] for d < m, j < n, i < k, without the i where G[i, j] is 0.
/// All are row-major, `ld…` their row lengths as stored; m, n and k are at least 1. Each sum is taken in the
/// order of i: if G is finite, it is what a ByteProduct of A's columns with bytes that stand for scale·byte
/// gives, but for the sign of a 0.
struct ByteGradient {
  std::size_t m, n, k;
  const std::uint8_t* a;  ///< [k, m]
  float scale;
  const float* g;
  std::size_t ldg;
  const float* start;
  float* c;
  std::size_t ldc;
  GradientSpace space;
};

struct GradientKernels {
  /// The fewer numbers of G are not 0, the faster.
  void (*multiply)(const ByteGradient& gradient);
  std::size_t (*count_not_zero)(std::size_t n, const float* numbers);
};

}  // namespace fmnist
