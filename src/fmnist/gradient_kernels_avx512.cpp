// Compiled for processors with AVX-512, so that no inline function of another header is used here: the linker
// might take it for the whole program.

#include "fmnist/gradient_kernels.hpp"

#include <immintrin.h>

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

/// What is not 0 in each column of a gradient, from its first row to its last.
struct ColumnLists {
  std::size_t length;  ///< From one list to the next.
  const float* values;
  const std::uint32_t* rows;
  std::uint32_t counts[kGradientColumns];
};

inline __mmask16 not_zero(Words numbers) {
  return _mm512_cmp_ps_mask(_mm512_castsi512_ps(numbers), broadcast(0.0F), _CMP_NEQ_UQ);
}

ColumnLists list_columns(const ByteGradient& gradient) {
  ColumnLists lists;
  lists.length = gradient.space.list;
  lists.values = gradient.space.values;
  lists.rows = gradient.space.rows;
  const Words steps = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  for (std::size_t j = 0; j < gradient.n; j += kLanes) {
    const __mmask16 there = first_lanes(gradient.n - j);
    std::size_t ends[kLanes] = {};
    for (std::size_t i = 0; i < gradient.k; i += kLanes) {
      Words columns[kLanes];
      for (std::size_t q = 0; q < kLanes; ++q) {
        columns[q] = i + q < gradient.k
                         ? _mm512_maskz_loadu_epi32(there, gradient.g + (i + q) * gradient.ldg + j)
                         : _mm512_setzero_si512();
      }
      transpose_words(columns);
      const Words rows = _mm512_add_epi32(steps, _mm512_set1_epi32(static_cast<int>(i)));
      for (std::size_t q = 0; q < kLanes; ++q) {
        const __mmask16 some = not_zero(columns[q]);
        const std::size_t end = (j + q) * lists.length + ends[q];
        _mm512_storeu_si512(gradient.space.values + end, _mm512_maskz_compress_epi32(some, columns[q]));
        _mm512_storeu_si512(gradient.space.rows + end, _mm512_maskz_compress_epi32(some, rows));
        ends[q] += static_cast<std::size_t>(__builtin_popcount(some));
      }
    }
    for (std::size_t q = 0; q < kLanes; ++q) lists.counts[j + q] = static_cast<std::uint32_t>(ends[q]);
  }
  return lists;
}

/// The gradients by the weights of some pixels, kVectors registers of them, from the pixel first on.
template <std::size_t kVectors>
struct PixelGradients {
  static constexpr std::size_t kPixels = kVectors * kLanes;

  const ByteGradient& gradient;
  std::size_t first;

  [[nodiscard]] std::size_t pixels() const { return smaller(kPixels, gradient.m - first); }

  /// The pixels of all images as floats.
  void take_images() const {
    const Floats scale = broadcast(gradient.scale);
    float* to = gradient.space.images;
    for (std::size_t i = 0; i < gradient.k; ++i) {
      const std::uint8_t* from = gradient.a + i * gradient.m + first;
      for (std::size_t d = 0; d < kPixels; d += kLanes, to += kLanes) {
        const __mmask64 there = d < pixels() ? first_lanes(pixels() - d) : 0;
        const __m128i bytes = _mm512_castsi512_si128(_mm512_maskz_loadu_epi8(there, from + d));
        _mm512_store_ps(to, _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))));
      }
    }
  }

  /// Sums of pixels are the rows of space.sums, and columns of C.
  template <typename Take>
  void for_squares(const Take& take) const {
    for (std::size_t j = 0; j < gradient.n; j += kLanes) {
      for (std::size_t d = 0; d < pixels(); d += kLanes)
        take(first_lanes(gradient.n - j), smaller(kLanes, pixels() - d), gradient.space.sums + j * kPixels + d,
             gradient.c + (first + d) * gradient.ldc + j);
    }
  }

  void take_sums() const {
    for_squares([&](__mmask16 columns, std::size_t rows, float* sums, const float* c) {
      Words square[kLanes];
      for (std::size_t q = 0; q < kLanes; ++q)
        square[q] = q < rows ? _mm512_maskz_loadu_epi32(columns, c + q * gradient.ldc) : _mm512_setzero_si512();
      transpose_words(square);
      for (std::size_t q = 0; q < kLanes; ++q) _mm512_store_si512(sums + q * kPixels, square[q]);
    });
  }

  void put_sums() const {
    for_squares([&](__mmask16 columns, std::size_t rows, const float* sums, float* c) {
      Words square[kLanes];
      for (std::size_t q = 0; q < kLanes; ++q) square[q] = _mm512_load_si512(sums + q * kPixels);
      transpose_words(square);
      for (std::size_t q = 0; q < rows; ++q) _mm512_mask_storeu_epi32(c + q * gradient.ldc, columns, square[q]);
    });
  }

  void add_column(std::size_t j, const ColumnLists& lists) const {
    float* to = gradient.space.sums + j * kPixels;
    Floats sums[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v)
      sums[v] = gradient.start != nullptr ? broadcast(gradient.start[j]) : _mm512_load_ps(to + v * kLanes);
    const float* values = lists.values + j * lists.length;
    const std::uint32_t* rows = lists.rows + j * lists.length;
    const float* images = gradient.space.images;
    const std::size_t count = lists.counts[j];
#pragma GCC unroll 4
    for (std::size_t e = 0; e < count; ++e) {
      const Floats value = broadcast(values[e]);
      const float* image = images + rows[e] * kPixels;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; ++v)
        sums[v] = _mm512_fmadd_ps(value, _mm512_load_ps(image + v * kLanes), sums[v]);
    }
    for (std::size_t v = 0; v < kVectors; ++v) _mm512_store_ps(to + v * kLanes, sums[v]);
  }

  void compute(const ColumnLists& lists) const {
    take_images();
    if (gradient.start == nullptr) take_sums();
    for (std::size_t j = 0; j < gradient.n; ++j) add_column(j, lists);
    put_sums();
  }
};

template <std::size_t kVectors>
void compute_pixels(std::size_t vectors, const ByteGradient& gradient, std::size_t first,
                    const ColumnLists& lists) {
  if constexpr (kVectors > 0) {
    if (vectors == kVectors) return PixelGradients<kVectors>{gradient, first}.compute(lists);
    compute_pixels<kVectors - 1>(vectors, gradient, first, lists);
  }
}

constexpr std::size_t kMostVectors = kGradientPixels / kLanes;

/// Of at most kGradientColumns and kGradientRows; without a start, what is added to C.
void add_gradient(const ByteGradient& gradient) {
  const ColumnLists lists = list_columns(gradient);
  const std::size_t most = smaller(kMostVectors, kGradientImages / kLanes / gradient.k);
  for (std::size_t first = 0; first < gradient.m;) {
    const std::size_t left = (gradient.m - first + kLanes - 1) / kLanes;
    const std::size_t blocks = (left + most - 1) / most;
    const std::size_t vectors = (left + blocks - 1) / blocks;
    compute_pixels<kMostVectors>(vectors, gradient, first, lists);
    first += vectors * kLanes;
  }
}

void multiply(const ByteGradient& gradient) {
  for (std::size_t j = 0; j < gradient.n; j += kGradientColumns) {
    for (std::size_t i = 0; i < gradient.k; i += kGradientRows) {
      ByteGradient part = gradient;
      part.n = smaller(kGradientColumns, gradient.n - j);
      part.k = smaller(kGradientRows, gradient.k - i);
      part.a += i * gradient.m;
      part.g += i * gradient.ldg + j;
      part.start = i == 0 ? gradient.start + j : nullptr;
      part.c += j;
      add_gradient(part);
    }
  }
}

std::size_t count_not_zero(std::size_t n, const float* numbers) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; i += kLanes)
    count += static_cast<std::size_t>(
        __builtin_popcount(not_zero(_mm512_maskz_loadu_epi32(first_lanes(n - i), numbers + i))));
  return count;
}

}  // namespace

extern const GradientKernels kGradientKernelsAvx512;
const GradientKernels kGradientKernelsAvx512{multiply, count_not_zero};

}  // namespace fmnist
