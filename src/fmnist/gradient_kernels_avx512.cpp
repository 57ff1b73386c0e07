// Compiled for processors with AVX-512, so that no inline function of another header is used here: the linker
// might take it for the whole program.

#include "fmnist/gradient_kernels.hpp"

#include <immintrin.h>

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

constexpr std::size_t kMostPixelVectors = kGradientPixels / kLanes;
static_assert(kGradientPixels % kLanes == 0 && kGradientColumns % kLanes == 0 && kGradientGroup == kLanes);
static_assert(kGradientImageNumbers >= kGradientRows * kLanes);

/// Some rows and columns of a gradient, no more than are worked on at a time.
struct Part {
  ByteGradient gradient;
  bool goes_on;  ///< Sums begin with what is in C, instead of start.
};

/// What is not 0 in each column of a gradient, from its first row to its last.
struct ColumnLists {
  const float* values;
  const std::uint32_t* rows;
  std::size_t counts[kGradientColumns];
};

ColumnLists list_columns(const ByteGradient& gradient) {
  ColumnLists lists{gradient.space.values, gradient.space.rows, {}};
  for (std::size_t j = 0; j < gradient.n; j += kLanes) {
    const __mmask16 there = first_lanes(gradient.n - j);
    std::size_t* counts = lists.counts + j;
    for (std::size_t i = 0; i < gradient.k; i += kLanes) {
      Words columns[kLanes];
      for (std::size_t q = 0; q < kLanes; ++q) {
        columns[q] = i + q < gradient.k
                         ? _mm512_maskz_loadu_epi32(there, gradient.g + (i + q) * gradient.ldg + j)
                         : _mm512_setzero_si512();
      }
      transpose_words(columns);
      const Words rows = counted_from(i);
      for (std::size_t q = 0; q < kLanes; ++q) {
        const __mmask16 some = not_zero(_mm512_castsi512_ps(columns[q]));
        const std::size_t end = (j + q) * gradient.space.list_length + counts[q];
        _mm512_storeu_si512(gradient.space.values + end, _mm512_maskz_compress_epi32(some, columns[q]));
        _mm512_storeu_si512(gradient.space.rows + end, _mm512_maskz_compress_epi32(some, rows));
        counts[q] += static_cast<std::size_t>(__builtin_popcount(some));
      }
    }
  }
  return lists;
}

/// The gradients by the weights of some pixels, kVectors registers of them, from the pixel first on.
template <std::size_t kVectors>
struct PixelGradients {
  static constexpr std::size_t kPixels = kVectors * kLanes;

  const ByteGradient& gradient;
  std::size_t first;
  std::size_t pixels;  ///< At most kPixels, all registers but the last whole.

  /// The pixels of all images as floats.
  void take_images() const {
    const Floats scale = broadcast(gradient.scale);
    float* to = gradient.space.images;
    for (std::size_t i = 0; i < gradient.k; ++i) {
      const std::uint8_t* from = gradient.a + i * gradient.m + first;
      for (std::size_t d = 0; d < kPixels; d += kLanes, to += kLanes) {
        const __m512i there = _mm512_maskz_loadu_epi8(first_lanes(pixels - d), from + d);
        const __m128i bytes = _mm512_castsi512_si128(there);
        _mm512_store_ps(to, _mm512_mul_ps(scale, _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))));
      }
    }
  }

  /// Sums of pixels are the rows of space.sums, and columns of C.
  template <typename Take>
  void for_squares(const Take& take) const {
    for (std::size_t j = 0; j < gradient.n; j += kLanes) {
      for (std::size_t d = 0; d < pixels; d += kLanes)
        take(first_lanes(gradient.n - j), smaller(kLanes, pixels - d), gradient.space.sums + j * kPixels + d,
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

  void add_column(std::size_t j, const ColumnLists& lists, bool goes_on) const {
    float* to = gradient.space.sums + j * kPixels;
    Floats sums[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v)
      sums[v] = goes_on ? _mm512_load_ps(to + v * kLanes) : broadcast(gradient.start[j]);
    const float* values = lists.values + j * gradient.space.list_length;
    const std::uint32_t* rows = lists.rows + j * gradient.space.list_length;
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

  void compute(const ColumnLists& lists, bool goes_on) const {
    take_images();
    if (goes_on) take_sums();
    for (std::size_t j = 0; j < gradient.n; ++j) add_column(j, lists, goes_on);
    put_sums();
  }
};

template <std::size_t kVectors>
void compute_pixels(std::size_t vectors, const Part& part, std::size_t first, const ColumnLists& lists) {
  if constexpr (kVectors > 0) {
    if (vectors != kVectors) return compute_pixels<kVectors - 1>(vectors, part, first, lists);
    const ByteGradient& gradient = part.gradient;
    const std::size_t pixels = smaller(kVectors * kLanes, gradient.m - first);
    PixelGradients<kVectors>{gradient, first, pixels}.compute(lists, part.goes_on);
  }
}

void multiply_part(const Part& part) {
  const ByteGradient& gradient = part.gradient;
  const ColumnLists lists = list_columns(gradient);
  const std::size_t most = smaller(kMostPixelVectors, kGradientImageNumbers / kLanes / gradient.k);
  for (std::size_t first = 0; first < gradient.m;) {
    const std::size_t left = (gradient.m - first + kLanes - 1) / kLanes;
    const std::size_t blocks = (left + most - 1) / most;
    const std::size_t vectors = (left + blocks - 1) / blocks;
    compute_pixels<kMostPixelVectors>(vectors, part, first, lists);
    first += vectors * kLanes;
  }
}

void multiply(const ByteGradient& gradient) {
  for (std::size_t j = 0; j < gradient.n; j += kGradientColumns) {
    for (std::size_t i = 0; i < gradient.k; i += kGradientRows) {
      Part part{gradient, i > 0};
      part.gradient.n = smaller(kGradientColumns, gradient.n - j);
      part.gradient.k = smaller(kGradientRows, gradient.k - i);
      part.gradient.a += i * gradient.m;
      part.gradient.g += i * gradient.ldg + j;
      part.gradient.start += j;
      part.gradient.c += j;
      multiply_part(part);
    }
  }
}

}  // namespace

extern const GradientKernels kGradientKernelsAvx512;
const GradientKernels kGradientKernelsAvx512{multiply};

}  // namespace fmnist
