// Compiled for processors with AVX-512, so that no inline function of another header is used here: the linker
// might take it for the whole program.

#include "fmnist/gradient_kernels.hpp"

#include <immintrin.h>

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

constexpr std::size_t kMostPixelVectors = kGradientPixels / kLanes;
static_assert(kGradientPixels % kLanes == 0 && kGradientColumns % kLanes == 0 && kGradientGroup == kLanes);

/// Some rows and columns of a gradient, no more than are worked on at a time.
struct Part {
  ByteGradient gradient;
  bool goes_on;  ///< Sums begin with what is in C, instead of start.
};

/// What is not 0 in each column of a gradient, from its first row to its last, times its scale.
struct ColumnLists {
  const float* values;
  const std::uint32_t* rows;
  std::size_t counts[kGradientColumns];
};

ColumnLists list_columns(const ByteGradient& gradient) {
  ColumnLists lists{gradient.space.values, gradient.space.rows, {}};
  const Floats scale = broadcast(gradient.scale);
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
      for (std::size_t q = 0; q < kLanes; ++q) {
        const Floats column = _mm512_castsi512_ps(columns[q]);
        const std::size_t end = (j + q) * gradient.space.list_length + counts[q];
        counts[q] += list_some(not_zero(column), _mm512_mul_ps(scale, column), i, gradient.space.values + end,
                               gradient.space.rows + end);
      }
    }
  }
  return lists;
}

/// The gradients by the weights of some pixels, kVectors registers of them, from the pixel first on.
///
/// A byte as a float has nothing in the lower half of its bits. So a word holds two pixels, of registers beside
/// each other: the second as a float with the first, shifted down, in its lower half. Taking them apart costs
/// less than loading twice as much.
template <std::size_t kVectors>
struct PixelGradients {
  static constexpr std::size_t kPixels = kVectors * kLanes;
  static constexpr std::size_t kImageWords = (kVectors + 1) / 2 * kLanes;
  static constexpr unsigned kHalf = 16;  ///< Of a word, in bits.
  static_assert(kGradientRows * kImageWords <= kGradientImageWords);

  const ByteGradient& gradient;
  std::size_t first;
  std::size_t pixels;  ///< At most kPixels, all registers but the last whole.

  /// The pixels from d on, as floats; 0 beyond the last one.
  Words pixels_from(const std::uint8_t* image, std::size_t d) const {
    const __m512i there = _mm512_maskz_loadu_epi8(first_lanes(pixels - d), image + d);
    const __m128i bytes = _mm512_castsi512_si128(there);
    return _mm512_castps_si512(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)));
  }

  void take_images() const {
    std::uint32_t* to = gradient.space.images;
    for (std::size_t i = 0; i < gradient.k; ++i) {
      const std::uint8_t* image = gradient.a + i * gradient.m + first;
      for (std::size_t d = 0; d < kPixels; d += 2 * kLanes, to += kLanes) {
        Words pair = _mm512_srli_epi32(pixels_from(image, d), kHalf);
        if (d + kLanes < kPixels) pair = _mm512_or_si512(pair, pixels_from(image, d + kLanes));
        _mm512_store_si512(to, pair);
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

  static void add_product(Floats value, Words pixels, Floats& sum) {
    sum = _mm512_fmadd_ps(value, _mm512_castsi512_ps(pixels), sum);
  }

  void add_column(std::size_t j, const ColumnLists& lists, bool goes_on) const {
    float* to = gradient.space.sums + j * kPixels;
    Floats sums[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v)
      sums[v] = goes_on ? _mm512_load_ps(to + v * kLanes) : broadcast(gradient.start[j]);
    const float* values = lists.values + j * gradient.space.list_length;
    const std::uint32_t* rows = lists.rows + j * gradient.space.list_length;
    const std::uint32_t* images = gradient.space.images;
    const Words upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
    const std::size_t count = lists.counts[j];
#pragma GCC unroll 2
    for (std::size_t e = 0; e < count; ++e) {
      const Floats value = broadcast(values[e]);
      const std::uint32_t* image = images + rows[e] * kImageWords;
#pragma GCC unroll 8
      for (std::size_t v = 0; v < kVectors; v += 2) {
        const Words pair = _mm512_load_si512(image + v / 2 * kLanes);
        add_product(value, _mm512_slli_epi32(pair, kHalf), sums[v]);
        if (v + 1 < kVectors) add_product(value, _mm512_and_si512(pair, upper), sums[v + 1]);
      }
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
  for (std::size_t first = 0; first < gradient.m;) {
    const std::size_t left = (gradient.m - first + kLanes - 1) / kLanes;
    const std::size_t blocks = (left + kMostPixelVectors - 1) / kMostPixelVectors;
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
