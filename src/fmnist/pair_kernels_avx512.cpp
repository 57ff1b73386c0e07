// Compiled for processors with AVX512_BF16, so that no inline function of another header is used here: the
// linker might take it for the whole program.

#include <immintrin.h>

#include "fmnist/pair_kernels.hpp"

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

#include "fmnist/avx512_blocks.inl"

#include "fmnist/avx512_bf16.inl"

/// Pairs on both sides.
struct PairNumbers {
  using Product = PairProduct;
  using Left = std::uint32_t;
  using Right = std::uint32_t;
  using Lanes = Words;
  static constexpr std::size_t kMostVectors = 4;
  /// As few as leave enough sums that do not wait for each other.
  static constexpr std::size_t rows_together(std::size_t vectors) {
    constexpr std::size_t kRows[kMostVectors] = {8, 6, 4, 3};
    return kRows[vectors - 1];
  }

  static Words everywhere(std::uint32_t pair) { return _mm512_set1_epi32(static_cast<int>(pair)); }
  static Floats multiply_add(Words a, Words b, Floats c) {
    return _mm512_dpbf16_ps(c, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

void multiply(const PairProduct& product) {
  multiply_columns(SparseRows<PairNumbers>{product, {}});
}

void pair_pixels(const BytesToPair& bytes, std::uint64_t* bits) {
  constexpr std::size_t kPixels = 2 * kLanes;
  const std::size_t pairs = (bytes.features + 1) / 2;
  const std::uint8_t* from = bytes.images;
  std::uint32_t* to = bytes.words;
  for (std::size_t i = 0; i < bytes.n; ++i, from += bytes.features, to += pairs) {
    for (std::size_t first = 0; first < pairs; first += kBitsOfWord) {
      std::uint64_t not_zero = 0;
      for (std::size_t d = first; d < smaller(pairs, first + kBitsOfWord); d += kLanes) {
        const std::size_t left = bytes.features - 2 * d;
        const auto there = static_cast<__mmask32>(left < kPixels ? (1U << left) - 1U : ~0U);
        const Words words = neighbouring_pixels(_mm256_maskz_loadu_epi8(there, from + 2 * d));
        _mm512_mask_storeu_epi32(to + d, first_lanes(pairs - d), words);
        not_zero |= std::uint64_t{_mm512_test_epi32_mask(words, words)} << (d - first);
      }
      *bits++ = not_zero;
    }
  }
}

void pair_images(const BytesToPair& bytes, const std::uint32_t* order) {
  std::uint32_t* to = bytes.words;
  for (std::size_t i = 0; i < bytes.n; i += 2, to += bytes.features) {
    const bool has_second = i + 1 < bytes.n;
    const std::uint8_t* first = bytes.images + order[i] * bytes.features;
    const std::uint8_t* second = has_second ? bytes.images + order[i + 1] * bytes.features : first;
    for (std::size_t d = 0; d < bytes.features; d += kLanes) {
      const __mmask16 there = first_lanes(bytes.features - d);
      const __mmask16 there_too = has_second ? there : __mmask16{0};
      const auto pixels = [d](__mmask16 mask, const std::uint8_t* image) {
        return _mm512_castps_si512(float_pixels(_mm_maskz_loadu_epi8(mask, image + d)));
      };
      _mm512_mask_storeu_epi32(to + d, there, joined_pairs(pixels(there, first), pixels(there_too, second)));
    }
  }
}

void pair_rows(const RowsToPair& rows) {
  const Floats scale = _mm512_set1_ps(rows.scale);
  std::uint32_t* to = rows.words;
  for (std::size_t i = 0; i < rows.rows; i += 2, to += rows.ld) {
    const float* first = rows.numbers + rows.order[i] * rows.stride;
    const bool has_second = i + 1 < rows.rows;
    const float* second = has_second ? rows.numbers + rows.order[i + 1] * rows.stride : first;
    for (std::size_t j = 0; j < rows.n; j += kLanes) {
      const __mmask16 there = first_lanes(rows.n - j);
      const __mmask16 there_too = has_second ? there : __mmask16{0};
      _mm512_mask_storeu_epi32(to + j, there,
                               pairs(_mm512_mul_ps(scale, _mm512_maskz_loadu_ps(there, first + j)),
                                     _mm512_mul_ps(scale, _mm512_maskz_loadu_ps(there_too, second + j))));
    }
  }
}

}  // namespace

extern const PairKernels kPairKernelsAvx512;
const PairKernels kPairKernelsAvx512{pair_pixels, pair_images, pair_rows, multiply};

}  // namespace fmnist
