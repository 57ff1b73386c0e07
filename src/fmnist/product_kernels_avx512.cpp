// Compiled for processors with AVX-512, so that no inline function of another header is used here: the linker
// might take it for the whole program.

#include <immintrin.h>

#include "fmnist/product_kernels.hpp"

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

using Floats = __m512;
/// Registers beside each other in a block of C.
constexpr std::size_t kMostVectors = 4;

/// How many rows such a block has, so that it and what it needs stay in 32 registers.
constexpr std::size_t rows_of_block(std::size_t vectors) {
  constexpr std::size_t kRows[kMostVectors] = {12, 12, 8, 6};
  return kRows[vectors - 1];
}

inline Floats load(const float* from) {
  return _mm512_loadu_ps(from);
}

inline Floats load_first(const float* from, std::size_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), from);
}

inline void store(float* to, Floats numbers) {
  _mm512_storeu_ps(to, numbers);
}

inline void store_first(float* to, std::size_t n, Floats numbers) {
  _mm512_mask_storeu_ps(to, first_lanes(n), numbers);
}

inline Floats broadcast(float number) {
  return _mm512_set1_ps(number);
}

inline Floats multiply_add(Floats a, Floats b, Floats c) {
  return _mm512_fmadd_ps(a, b, c);
}

inline Floats load_first_or_all(const float* from, std::size_t n) {
  return n < kLanes ? load_first(from, n) : load(from);
}

inline void store_first_or_all(float* to, std::size_t n, Floats numbers) {
  n < kLanes ? store_first(to, n, numbers) : store(to, numbers);
}

/// All of C, as kRows × kVectors registers; kPartial: the last of these has fewer columns than lanes.
template <std::size_t kRows, std::size_t kVectors, bool kPartial>
void multiply_block(const FloatProduct& product) {
  // In registers, not behind a pointer that C might change.
  const auto [m, n, k, a, a_row, a_depth, b, ldb, c, ldc] = product;
  const std::size_t in_last = n - (kVectors - 1) * kLanes;
  Floats sums[kRows][kVectors];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = broadcast(0.0F);
  }
  for (std::size_t d = 0; d < k; ++d) {
    const float* row = b + d * ldb;
    Floats right[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) {
      const bool is_partial = kPartial && v + 1 == kVectors;
      right[v] = is_partial ? load_first(row + v * kLanes, in_last) : load(row + v * kLanes);
    }
    // C is written at the end, from a first cache that has it by then.
    if (d < kRows * kVectors) __builtin_prefetch(c + d / kVectors * ldc + d % kVectors * kLanes, 1);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRows; ++i) {
      const Floats left = broadcast(a[i * a_row + d * a_depth]);
      for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = multiply_add(left, right[v], sums[i][v]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kRows; ++i) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      float* to = c + i * ldc + v * kLanes;
      if (kPartial && v + 1 == kVectors) {
        store_first(to, in_last, sums[i][v]);
      } else {
        store(to, sums[i][v]);
      }
    }
  }
}

/// The last rows, fewer than a block has.
template <std::size_t kRows, std::size_t kVectors, bool kPartial>
void multiply_last_rows(const FloatProduct& product) {
  if constexpr (kRows > 0) {
    if (product.m == kRows) return multiply_block<kRows, kVectors, kPartial>(product);
    multiply_last_rows<kRows - 1, kVectors, kPartial>(product);
  }
}

/// All of C, whose rows are kVectors registers.
template <std::size_t kVectors, bool kPartial>
void multiply_columns(FloatProduct product) {
  constexpr std::size_t kRows = rows_of_block(kVectors);
  for (; product.m >= kRows; product.m -= kRows) {
    multiply_block<kRows, kVectors, kPartial>(product);
    product.a += kRows * product.a_row;
    product.c += kRows * product.ldc;
  }
  multiply_last_rows<kRows - 1, kVectors, kPartial>(product);
}

/// All of C, whose rows are so many registers, at most kVectors.
template <std::size_t kVectors>
void multiply_columns_of(std::size_t vectors, const FloatProduct& product) {
  if constexpr (kVectors > 0) {
    if (vectors != kVectors) return multiply_columns_of<kVectors - 1>(vectors, product);
    if (product.n == kVectors * kLanes) return multiply_columns<kVectors, false>(product);
    multiply_columns<kVectors, true>(product);
  }
}

void multiply(const FloatProduct& product) {
  FloatProduct columns = product;
  for (std::size_t left = product.n; left > 0; left -= columns.n) {
    const std::size_t all = (left + kLanes - 1) / kLanes;
    const std::size_t blocks = (all + kMostVectors - 1) / kMostVectors;
    // Alike: a block of one register has few sums that do not wait for each other.
    const std::size_t vectors = (all + blocks - 1) / blocks;
    columns.n = smaller(vectors * kLanes, left);
    multiply_columns_of<kMostVectors>(vectors, columns);
    columns.b += columns.n;
    columns.c += columns.n;
  }
}

/// The block at the beginning of `from`, of which rows and cols are there.
inline void transpose_block(std::size_t rows, std::size_t cols, const float* from, std::size_t ld_from,
                            float* to, std::size_t ld_to) {
  __m512i r[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i)
    r[i] = _mm512_castps_si512(i < rows ? load_first_or_all(from + i * ld_from, cols) : broadcast(0.0F));
  transpose_words(r);
  for (std::size_t j = 0; j < cols; ++j) store_first_or_all(to + j * ld_to, rows, _mm512_castsi512_ps(r[j]));
}

void transpose(std::size_t rows, std::size_t cols, const float* from, std::size_t ld_from, float* to,
               std::size_t ld_to) {
  for (std::size_t i = 0; i < rows; i += kLanes) {
    for (std::size_t j = 0; j < cols; j += kLanes)
      transpose_block(smaller(kLanes, rows - i), smaller(kLanes, cols - j), from + i * ld_from + j, ld_from,
                      to + j * ld_to + i, ld_to);
  }
}

}  // namespace

extern const ProductKernels kProductKernelsAvx512;
const ProductKernels kProductKernelsAvx512{multiply, transpose};

}  // namespace fmnist
