#pragma once

#include <cstddef>
#include <cstdint>

namespace fmnist {

/// So many rows and columns of G are worked on at a time, with so many columns of A at most.
constexpr std::size_t kGradientRows = 128;
constexpr std::size_t kGradientColumns = 128;
constexpr std::size_t kGradientPixels = 112;
/// Columns of G are worked on in groups of this size, and lists have as much room beyond their end.
constexpr std::size_t kGradientGroup = 16;
/// Words that hold these rows and columns of A, two numbers each: 32 KiB, what a first cache has.
constexpr std::size_t kGradientImageWords =
    kGradientRows * ((kGradientPixels / kGradientGroup + 1) / 2) * kGradientGroup;

/// Of n columns of G those that are worked on at a time, in whole groups.
constexpr std::size_t whole_gradient_columns(std::size_t n) {
  return n < kGradientColumns ? (n + kGradientGroup - 1) / kGradientGroup * kGradientGroup : kGradientColumns;
}
/// Numbers that a list needs of what is not 0 in a column of k rows.
constexpr std::size_t gradient_list_length(std::size_t k) {
  return (k < kGradientRows ? k : kGradientRows) + kGradientGroup;
}

/// Memory for a ByteGradient's own use, each part of which begins with a cache line.
struct GradientSpace {
  std::size_t list_length;  ///< At least gradient_list_length.
  float* values;            ///< [whole_gradient_columns, list_length]
  std::uint32_t* rows;      ///< [whole_gradient_columns, list_length]
  std::uint32_t* images;    ///< [kGradientImageWords]
  float* sums;              ///< [whole_gradient_columns, kGradientPixels]
};

/// C[d, j] = start[j] + Σ_i A[i, d]·(scale·G[i, j]) for d < m, j < n, i < k, without the i where G[i, j] is 0.
/// All are row-major, `ld…` their row lengths as stored; m, n and k are at least 1. Nothing is written beyond
/// column n, and C overlaps nothing else. Each sum is taken in the order of i: if G is finite, it is what a
/// ByteProduct of A's columns by scale·G gives, but for the sign of a 0. What is not finite in G shows in all
/// sums of its column.
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
};

}  // namespace fmnist
