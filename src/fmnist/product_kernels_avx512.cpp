// Compiled for processors with AVX-512, so that no inline function of another header is used here: the linker
// might take it for the whole program.

#include <immintrin.h>

#include "fmnist/product_kernels.hpp"

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

#include "fmnist/avx512_blocks.inl"

/// The first n of 64 bytes; returns which are not 0.
inline std::uint64_t copy_bytes(std::size_t n, const std::uint8_t* from, std::uint8_t* to) {
  const __mmask64 there = ~__mmask64{0} >> (kBitsOfWord - n);
  const __m512i bytes = _mm512_maskz_loadu_epi8(there, from);
  _mm512_mask_storeu_epi8(to, there, bytes);
  return _mm512_test_epi8_mask(bytes, bytes);
}

/// A product of floats.
struct FloatRows {
  FloatProduct product;

  static constexpr std::size_t kMostVectors = 4;
  /// So that a block and what it needs stay in 32 registers.
  static constexpr std::size_t rows_together(std::size_t vectors) {
    constexpr std::size_t kRows[kMostVectors] = {12, 12, 8, 6};
    return kRows[vectors - 1];
  }

  void leave_columns(std::size_t n) {
    product.b += n;
    product.c += n;
  }

  template <std::size_t kRows, std::size_t kVectors, bool kPartial>
  void compute(std::size_t first) const {
    // In registers, not behind a pointer that C might change.
    const auto [m, n, k, all_a, a_row, a_depth, b, ldb, all_c, ldc] = product;
    const float* a = all_a + first * a_row;
    float* c = all_c + first * ldc;
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
        for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = _mm512_fmadd_ps(left, right[v], sums[i][v]);
      }
    }
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRows; ++i) store_vectors<kVectors, kPartial>(sums[i], in_last, c + i * ldc);
  }
};

/// Bytes and floats.
struct ByteNumbers {
  using Product = ByteProduct;
  using Left = std::uint8_t;
  using Right = float;
  using Lanes = Floats;
  static constexpr std::size_t kMostVectors = 6;
  /// Few: rows together leave out only what is zero in all of them.
  static constexpr std::size_t rows_together(std::size_t /*vectors*/) { return 4; }

  const float* numbers;

  [[nodiscard]] Floats everywhere(std::uint8_t byte) const { return broadcast(numbers[byte]); }
  static Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
};

void multiply(const FloatProduct& product) {
  multiply_columns(FloatRows{product});
}

void multiply_bytes(const ByteProduct& product, const float* numbers) {
  multiply_columns(SparseRows<ByteNumbers>{product, {numbers}});
}

/// What is not 0 in some rows of A, each from its first number to its last of those at hand.
struct RowLists {
  static constexpr std::size_t kRows = kLanes;
  static constexpr std::size_t kDepth = 128;

  float values[kRows * kDepth];
  std::uint32_t depths[kRows * kDepth];
  std::size_t counts[kRows];

  /// The numbers of row i at `first` and the places behind it.
  void add(std::size_t i, std::size_t first, Floats numbers) {
    const std::size_t end = i * kDepth + counts[i];
    counts[i] += list_some(not_zero(numbers), numbers, first, values + end, depths + end);
  }

  /// Of `rows` rows and `depth` numbers from `a` on.
  void take(const FloatProduct& product, const float* a, std::size_t rows, std::size_t depth) {
    for (std::size_t& count : counts) count = 0;
    for (std::size_t d = 0; d < depth; d += kLanes) {
      if (product.a_depth == 1) {
        for (std::size_t i = 0; i < rows; ++i) add(i, d, load_first(a + i * product.a_row + d, depth - d));
        continue;
      }
      Words columns[kLanes];
      for (std::size_t q = 0; q < kLanes; ++q)
        columns[q] = d + q < depth ? _mm512_castps_si512(load_first(a + (d + q) * product.a_depth, rows))
                                   : _mm512_setzero_si512();
      transpose_words(columns);
      for (std::size_t i = 0; i < rows; ++i) add(i, d, _mm512_castsi512_ps(columns[i]));
    }
  }
};

/// Some columns of a product of floats, kVectors registers, without what is 0 in A.
template <std::size_t kVectors, bool kPartial>
void add_listed(const FloatProduct& product, const RowLists& lists, std::size_t rows, const float* b, float* c,
                bool goes_on) {
  const std::size_t in_last = product.n - (kVectors - 1) * kLanes;
  for (std::size_t i = 0; i < rows; ++i, c += product.ldc) {
    Floats sums[kVectors];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < kVectors; ++v) {
      const bool is_partial = kPartial && v + 1 == kVectors;
      const std::size_t n = is_partial ? in_last : kLanes;
      sums[v] = goes_on ? load_first(c + v * kLanes, n) : broadcast(0.0F);
    }
    const float* values = lists.values + i * RowLists::kDepth;
    const std::uint32_t* depths = lists.depths + i * RowLists::kDepth;
    const std::size_t count = lists.counts[i];
    for (std::size_t e = 0; e < count; ++e) {
      const Floats value = broadcast(values[e]);
      const float* from = b + depths[e] * product.ldb;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v) {
        const bool is_partial = kPartial && v + 1 == kVectors;
        const Floats right = is_partial ? load_first(from + v * kLanes, in_last) : load(from + v * kLanes);
        sums[v] = _mm512_fmadd_ps(value, right, sums[v]);
      }
    }
    store_vectors<kVectors, kPartial>(sums, in_last, c);
  }
}

template <std::size_t kVectors>
void add_listed_of(std::size_t vectors, const FloatProduct& product, const RowLists& lists, std::size_t rows,
                   const float* b, float* c, bool goes_on) {
  if constexpr (kVectors > 0) {
    if (vectors != kVectors) return add_listed_of<kVectors - 1>(vectors, product, lists, rows, b, c, goes_on);
    if (product.n == kVectors * kLanes) return add_listed<kVectors, false>(product, lists, rows, b, c, goes_on);
    add_listed<kVectors, true>(product, lists, rows, b, c, goes_on);
  }
}

/// Whether B has finite numbers only: 0 times another is not 0.
bool is_finite(const FloatProduct& product) {
  const Floats zero = broadcast(0.0F);
  Floats zeros = zero;
  for (std::size_t d = 0; d < product.k; ++d) {
    for (std::size_t j = 0; j < product.n; j += kLanes)
      zeros = _mm512_fmadd_ps(zero, load_first(product.b + d * product.ldb + j, product.n - j), zeros);
  }
  return not_zero(zeros) == 0;
}

void multiply_sparse(const FloatProduct& product) {
  if (!is_finite(product)) return multiply(product);
  constexpr std::size_t kMostVectors = 8;
  RowLists lists;
  for (std::size_t first = 0; first < product.m; first += RowLists::kRows) {
    const std::size_t rows = smaller(RowLists::kRows, product.m - first);
    for (std::size_t d = 0; d < product.k; d += RowLists::kDepth) {
      lists.take(product, product.a + first * product.a_row + d * product.a_depth, rows,
                 smaller(RowLists::kDepth, product.k - d));
      FloatProduct columns = product;
      for (std::size_t j = 0; j < product.n; j += columns.n) {
        const std::size_t all = (product.n - j + kLanes - 1) / kLanes;
        const std::size_t blocks = (all + kMostVectors - 1) / kMostVectors;
        const std::size_t vectors = (all + blocks - 1) / blocks;
        columns.n = smaller(vectors * kLanes, product.n - j);
        add_listed_of<kMostVectors>(vectors, columns, lists, rows, product.b + d * product.ldb + j,
                                    product.c + first * product.ldc + j, d > 0);
      }
    }
  }
}

std::size_t count_not_zero(std::size_t n, const float* numbers) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; i += kLanes)
    count += static_cast<std::size_t>(__builtin_popcount(not_zero(load_first(numbers + i, n - i))));
  return count;
}

void gather_bytes(const ByteRows& rows) {
  constexpr std::size_t kRowsAhead = 2;
  std::uint64_t* bits = rows.bits;
  std::uint8_t* counts = rows.counts;
  for (std::size_t i = 0; i < rows.n; ++i) {
    const std::uint8_t* row = rows.pixels + rows.rows[i] * rows.features;
    // Rows are drawn at random, which no processor foresees: asked for line by line while another is worked on.
    const std::uint8_t* ahead = rows.pixels + rows.rows[smaller(i + kRowsAhead, rows.n - 1)] * rows.features;
    std::uint8_t* to = rows.images + i * rows.features;
    for (std::size_t j = 0; j < rows.features; j += kBitsOfWord) {
      __builtin_prefetch(ahead + j);
      const std::uint64_t not_zero = copy_bytes(smaller(rows.features - j, kBitsOfWord), row + j, to + j);
      *bits++ = not_zero;
      *counts++ = static_cast<std::uint8_t>(__builtin_popcountll(not_zero));
    }
  }
}

inline Floats load_first_or_all(const float* from, std::size_t n) {
  return n < kLanes ? load_first(from, n) : load(from);
}

inline void store_first_or_all(float* to, std::size_t n, Floats numbers) {
  n < kLanes ? store_first(to, n, numbers) : store(to, numbers);
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

extern const GradientKernels kGradientKernelsAvx512;
extern const ProductKernels kProductKernelsAvx512;
const ProductKernels kProductKernelsAvx512{multiply,       multiply_sparse, count_not_zero,         transpose,
                                           multiply_bytes, gather_bytes,    &kGradientKernelsAvx512};

}  // namespace fmnist
