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

/// The first n of 64 bytes; returns which are not 0.
inline std::uint64_t copy_bytes(std::size_t n, const std::uint8_t* from, std::uint8_t* to) {
  const __mmask64 there = ~__mmask64{0} >> (kBitsOfWord - n);
  const __m512i bytes = _mm512_maskz_loadu_epi8(there, from);
  _mm512_mask_storeu_epi8(to, there, bytes);
  return _mm512_test_epi8_mask(bytes, bytes);
}

template <std::size_t kVectors, bool kPartial>
inline void store_vectors(const Floats* numbers, std::size_t in_last, float* to) {
#pragma GCC unroll 4
  for (std::size_t v = 0; v < kVectors; ++v) {
    if (kPartial && v + 1 == kVectors) {
      store_first(to + v * kLanes, in_last, numbers[v]);
    } else {
      store(to + v * kLanes, numbers[v]);
    }
  }
}

/// Rows `first` … first + kRows - 1 of C, as kRows × kVectors registers; kPartial: the last of a row has fewer
/// columns than lanes.
template <std::size_t kRows, std::size_t kVectors, bool kPartial>
void multiply_block(const FloatProduct& product, std::size_t first) {
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
      for (std::size_t v = 0; v < kVectors; ++v) sums[i][v] = multiply_add(left, right[v], sums[i][v]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kRows; ++i) store_vectors<kVectors, kPartial>(sums[i], in_last, c + i * ldc);
}

/// The rows that follow each other in the order from `first` on.
template <std::size_t kRows, std::size_t kVectors, bool kPartial>
void multiply_block(const ByteProduct& product, std::size_t first) {
  const std::size_t in_last = product.n - (kVectors - 1) * kLanes;
  const auto load_vector = [in_last](const float* from, std::size_t v) {
    return kPartial && v + 1 == kVectors ? load_first(from + v * kLanes, in_last) : load(from + v * kLanes);
  };
  const std::uint32_t* order = product.order + first;
  const std::uint8_t* a[kRows];
  const std::uint64_t* bits[kRows];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kRows; ++i) {
    a[i] = product.a + order[i] * product.a_row;
    bits[i] = product.bits + order[i] * product.words;
  }
  Floats sums[kRows][kVectors];
#pragma GCC unroll 4
  for (std::size_t v = 0; v < kVectors; ++v) {
    const Floats start = load_vector(product.start, v);
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRows; ++i) sums[i][v] = start;
  }
  const float* numbers = product.numbers;
  const std::size_t a_depth = product.a_depth;
  const std::size_t ldb = product.ldb;
  const float* b = product.b;
  for (std::size_t w = 0; w < product.words; ++w) {
    std::uint64_t some = 0;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kRows; ++i) some |= bits[i][w];
    for (; some != 0; some &= some - 1) {
      const std::size_t d = w * kBitsOfWord + static_cast<std::size_t>(__builtin_ctzll(some));
      Floats left[kRows];
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kRows; ++i) left[i] = broadcast(numbers[a[i][d * a_depth]]);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        const Floats right = load_vector(b + d * ldb, v);
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kRows; ++i) sums[i][v] = multiply_add(left[i], right, sums[i][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kRows; ++i)
    store_vectors<kVectors, kPartial>(sums[i], in_last, product.c + order[i] * product.ldc);
}

constexpr std::size_t rows_together(const FloatProduct* /*of*/, std::size_t vectors) {
  return rows_of_block(vectors);
}

/// Few: rows together leave out only what is zero in all of them.
constexpr std::size_t rows_together(const ByteProduct* /*of*/, std::size_t /*vectors*/) {
  return 6;
}

/// The last rows, fewer than a block has.
template <std::size_t kRows, std::size_t kVectors, bool kPartial, typename Product>
void multiply_last_rows(const Product& product, std::size_t first) {
  if constexpr (kRows > 0) {
    if (product.m - first == kRows) return multiply_block<kRows, kVectors, kPartial>(product, first);
    multiply_last_rows<kRows - 1, kVectors, kPartial>(product, first);
  }
}

/// All of C, whose rows are kVectors registers.
template <std::size_t kVectors, bool kPartial, typename Product>
void multiply_rows(const Product& product) {
  constexpr std::size_t kRows = rows_together(static_cast<const Product*>(nullptr), kVectors);
  std::size_t first = 0;
  for (; first + kRows <= product.m; first += kRows) multiply_block<kRows, kVectors, kPartial>(product, first);
  multiply_last_rows<kRows - 1, kVectors, kPartial>(product, first);
}

/// All of C, whose rows are so many registers, at most kVectors.
template <std::size_t kVectors, typename Product>
void multiply_rows_of(std::size_t vectors, const Product& product) {
  if constexpr (kVectors > 0) {
    if (vectors != kVectors) return multiply_rows_of<kVectors - 1>(vectors, product);
    if (product.n == kVectors * kLanes) return multiply_rows<kVectors, false>(product);
    multiply_rows<kVectors, true>(product);
  }
}

inline void leave_columns(FloatProduct& product, std::size_t n) {
  product.b += n;
  product.c += n;
}

inline void leave_columns(ByteProduct& product, std::size_t n) {
  product.start += n;
  product.b += n;
  product.c += n;
}

template <typename Product>
void multiply_columns(const Product& product) {
  Product columns = product;
  for (std::size_t left = product.n; left > 0; left -= columns.n) {
    const std::size_t all = (left + kLanes - 1) / kLanes;
    const std::size_t blocks = (all + kMostVectors - 1) / kMostVectors;
    // Alike: a block of one register has few sums that do not wait for each other.
    const std::size_t vectors = (all + blocks - 1) / blocks;
    columns.n = smaller(vectors * kLanes, left);
    multiply_rows_of<kMostVectors>(vectors, columns);
    leave_columns(columns, columns.n);
  }
}

void multiply(const FloatProduct& product) {
  multiply_columns(product);
}

void multiply_bytes(const ByteProduct& product) {
  multiply_columns(product);
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

extern const ProductKernels kProductKernelsAvx512;
const ProductKernels kProductKernelsAvx512{multiply, transpose, multiply_bytes, gather_bytes};

}  // namespace fmnist
