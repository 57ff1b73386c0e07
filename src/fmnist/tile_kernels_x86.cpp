// Compiled for processors with AVX512_BF16 and AMX, so that no inline function of another header is used here:
// the linker might take it for the whole program.

#include <immintrin.h>

#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

constexpr std::size_t kWordsAcross = kTileDepth / 2;
constexpr unsigned kHalf = 16;
static_assert(kLanes == kTileCount && kLanes == kWordsAcross);

using Floats = __m512;
using Words = __m512i;

std::size_t blocks(std::size_t n, std::size_t size) {
  return (n + size - 1) / size;
}

/// How many of the 16 that begin at `from` are below `end`.
std::size_t left_of(std::size_t end, std::size_t from) {
  return from < end ? smaller(end - from, kLanes) : 0;
}

void store_tile(const Words* rows, std::uint32_t* tile) {
  for (std::size_t i = 0; i < kLanes; ++i) _mm512_storeu_si512(tile + i * kLanes, rows[i]);
}

void store_tile(Words* rows, bool other_side, std::uint32_t* tile) {
  if (other_side) transpose_words(rows);
  store_tile(rows, tile);
}

/// Sixteen bfloat16 numbers as the upper halves of words.
Words upper(__m256i halves) {
  return _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), kHalf);
}

/// Numbers that lie side by side: 0 … 15 in `first`, 16 … 31 in `second`.
Words neighbours(Floats first, Floats second) {
  return reinterpret_cast<Words>(_mm512_cvtne2ps_pbh(second, first));
}

/// Pairs whose numbers are lanes of `first` and `second`.
Words pairs(Floats first, Floats second) {
  const Words lower = _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(first)));
  return _mm512_or_si512(lower, upper(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(second))));
}

/// Lane by lane along the depth: row i of the tile is vector i0 + i.
void load_along(const FloatVectors& v, std::size_t i0, std::size_t d0, Words* rows) {
  const Floats scale = _mm512_set1_ps(v.scale);
  const __mmask16 first = first_lanes(left_of(v.depth, d0));
  const __mmask16 second = first_lanes(left_of(v.depth, d0 + kLanes));
  const std::size_t n = left_of(v.count, i0);
  for (std::size_t i = 0; i < kLanes; ++i) {
    const float* from = v.numbers + (i0 + (i < n ? i : 0)) * v.stride + d0;
    const Floats low = _mm512_maskz_loadu_ps(i < n ? first : 0, from);
    const Floats high = _mm512_maskz_loadu_ps(i < n ? second : 0, from + kLanes);
    rows[i] = neighbours(_mm512_mul_ps(scale, low), _mm512_mul_ps(scale, high));
  }
}

/// Lane by lane over the vectors: row i of the tile is the depths d0 + 2·i and d0 + 2·i + 1.
void load_across(const FloatVectors& v, std::size_t i0, std::size_t d0, Words* rows) {
  const Floats scale = _mm512_set1_ps(v.scale);
  const __mmask16 lanes = first_lanes(left_of(v.count, i0));
  const auto row = [&](std::size_t d) {
    if (d >= v.depth) return _mm512_setzero_ps();
    return _mm512_mul_ps(scale, _mm512_maskz_loadu_ps(lanes, v.numbers + d * v.stride + i0));
  };
  for (std::size_t i = 0; i < kLanes; ++i) rows[i] = pairs(row(d0 + 2 * i), row(d0 + 2 * i + 1));
}

void pack_floats(const FloatVectors& v, TileSide side, std::uint32_t* words) {
  const std::size_t deep = blocks(v.depth, kTileDepth);
  const bool other_side = (side == TileSide::kLeft) == v.depth_first;
  Words rows[kLanes];
  for (std::size_t i = 0; i < blocks(v.count, kTileCount); ++i) {
    for (std::size_t k = 0; k < deep; ++k) {
      v.depth_first ? load_across(v, i * kTileCount, k * kTileDepth, rows)
                    : load_along(v, i * kTileCount, k * kTileDepth, rows);
      store_tile(rows, other_side, words + (i * deep + k) * kTileWords);
    }
  }
}

/// Bytes are floats without rounding, and bfloat16 numbers too.
Floats float_pixels(__m128i bytes) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

/// Row i of the tile is image i0 + i, its pixels d0 … d0 + 31.
void load_images(const PixelVectors& v, std::size_t i0, std::size_t d0, Words* rows) {
  const std::size_t wide = smaller(v.features - d0, kTileDepth);
  const auto pixels = static_cast<__mmask32>(wide == kTileDepth ? ~0U : (1U << wide) - 1U);
  for (std::size_t i = 0; i < kLanes; ++i) {
    if (i0 + i >= v.n_rows) {
      rows[i] = _mm512_setzero_si512();
      continue;
    }
    const __m256i bytes = _mm256_maskz_loadu_epi8(pixels, v.pixels + v.rows[i0 + i] * v.features + d0);
    rows[i] = neighbours(float_pixels(_mm256_castsi256_si128(bytes)),
                         float_pixels(_mm256_extracti128_si256(bytes, 1)));
  }
}

/// Row i of the tile is the images d0 + 2·i and d0 + 2·i + 1, their pixels i0 … i0 + 15.
void load_pixels(const PixelVectors& v, std::size_t i0, std::size_t d0, Words* rows) {
  const __mmask16 pixels = first_lanes(v.features - i0);
  const auto image = [&](std::size_t d) {
    if (d >= v.n_rows) return _mm512_setzero_si512();
    return _mm512_castps_si512(
        float_pixels(_mm_maskz_loadu_epi8(pixels, v.pixels + v.rows[d] * v.features + i0)));
  };
  for (std::size_t i = 0; i < kLanes; ++i)
    rows[i] = _mm512_or_si512(_mm512_srli_epi32(image(d0 + 2 * i), kHalf), image(d0 + 2 * i + 1));
}

/// Asks for images that are needed soon: they lie anywhere, which no processor foresees.
void prefetch_images(const PixelVectors& v, std::size_t from) {
  constexpr std::size_t kCacheLine = 64;
  for (std::size_t i = from; i < smaller(v.n_rows, from + kLanes); ++i) {
    const std::uint8_t* row = v.pixels + v.rows[i] * v.features;
    for (std::size_t j = 0; j < v.features; j += kCacheLine) __builtin_prefetch(row + j);
  }
}

void pack_pixels(const PixelVectors& v, TileSide side, std::uint32_t* words) {
  const bool other_side = (side == TileSide::kLeft) == v.depth_first;
  Words rows[kLanes];
  if (!v.depth_first) {
    const std::size_t deep = blocks(v.features, kTileDepth);
    prefetch_images(v, 0);
    for (std::size_t i = 0; i < blocks(v.n_rows, kTileCount); ++i) {
      prefetch_images(v, (i + 1) * kTileCount);
      for (std::size_t k = 0; k < deep; ++k) {
        load_images(v, i * kTileCount, k * kTileDepth, rows);
        store_tile(rows, other_side, words + (i * deep + k) * kTileWords);
      }
    }
    return;
  }
  const std::size_t deep = blocks(v.n_rows, kTileDepth);
  for (std::size_t k = 0; k < deep; ++k) {
    for (std::size_t i = 0; i < blocks(v.features, kTileCount); ++i) {
      load_pixels(v, i * kTileCount, k * kTileDepth, rows);
      store_tile(rows, other_side, words + (i * deep + k) * kTileWords);
    }
  }
}

/// Where a product's tiles are.
struct Operands {
  explicit Operands(const TileProduct& product) : p(product), deep(blocks(product.depth, kTileDepth)) {}

  [[nodiscard]] const std::uint32_t* left(std::size_t block, std::size_t k) const {
    return p.left + (block * deep + k) * kTileWords;
  }
  [[nodiscard]] const std::uint32_t* right(std::size_t block, std::size_t k) const {
    return p.right + (block * deep + k) * kTileWords;
  }
  [[nodiscard]] float start(std::size_t i) const {
    return p.start != nullptr && i < p.left_count ? p.start[i] : 0.0F;
  }

  const TileProduct& p;
  std::size_t deep;
};

/// Rows i0 … of the product, columns j0 …, to where they belong.
void store_sums(const TileProduct& p, std::size_t i0, std::size_t j0, Words* rows) {
  if (p.transposed) transpose_words(rows);
  const std::size_t first = p.transposed ? j0 : i0;
  const std::size_t second = p.transposed ? i0 : j0;
  const std::size_t n = left_of(p.transposed ? p.right_count : p.left_count, first);
  const __mmask16 lanes = first_lanes(left_of(p.transposed ? p.left_count : p.right_count, second));
  for (std::size_t i = 0; i < n; ++i)
    _mm512_mask_storeu_epi32(p.c + (first + i) * p.stride + second, lanes, rows[i]);
}

void multiply_by_vectors(const TileProduct& p) {
  const Operands at(p);
  for (std::size_t j = 0; j < blocks(p.right_count, kTileCount); ++j) {
    for (std::size_t i = 0; i < blocks(p.left_count, kTileCount); ++i) {
      Floats sums[kLanes];
      for (std::size_t r = 0; r < kLanes; ++r) sums[r] = _mm512_set1_ps(at.start(i * kTileCount + r));
      for (std::size_t k = 0; k < at.deep; ++k) {
        const std::uint32_t* left = at.left(i, k);
        const std::uint32_t* right = at.right(j, k);
        for (std::size_t d = 0; d < kWordsAcross; ++d) {
          const auto row = reinterpret_cast<__m512bh>(_mm512_loadu_si512(right + d * kLanes));
#pragma GCC unroll 16
          for (std::size_t r = 0; r < kLanes; ++r) {
            const auto word = static_cast<int>(left[r * kWordsAcross + d]);
            sums[r] = _mm512_dpbf16_ps(sums[r], reinterpret_cast<__m512bh>(_mm512_set1_epi32(word)), row);
          }
        }
      }
      Words rows[kLanes];
      for (std::size_t r = 0; r < kLanes; ++r) rows[r] = _mm512_castps_si512(sums[r]);
      store_sums(p, i * kTileCount, j * kTileCount, rows);
    }
  }
}

/// What was written before is in memory: the compiler does not know that the tile instructions read it.
void settle() {
  asm volatile("" ::: "memory");
}

/// All eight tile registers hold 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

constexpr std::size_t kRowBytes = 64;

/// Registers: sums 0 … 3, row by row of the square; left tiles 4 and 5; right tiles 6 and 7.
template <bool kTwoLeft, bool kTwoRight>
class TileSquare {
 public:
  TileSquare(const Operands& at, std::size_t i, std::size_t j) : at_(at), i_(i), j_(j) {}

  void compute() {
    begin();
    for (std::size_t k = 0; k < at_.deep; ++k) add(k);
    end();
  }

 private:
  void begin() {
    if (at_.p.start == nullptr) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      return;
    }
    fill(i_);
    _tile_loadd(0, scratch_, kRowBytes);
    if constexpr (kTwoRight) _tile_loadd(1, scratch_, kRowBytes);
    if constexpr (!kTwoLeft) return;
    fill(i_ + 1);
    _tile_loadd(2, scratch_, kRowBytes);
    if constexpr (kTwoRight) _tile_loadd(3, scratch_, kRowBytes);
  }

  void fill(std::size_t block) {
    settle();
    for (std::size_t r = 0; r < kLanes; ++r)
      _mm512_store_ps(scratch_ + r * kLanes, _mm512_set1_ps(at_.start(block * kTileCount + r)));
    settle();
  }

  void add(std::size_t k) {
    _tile_loadd(6, at_.right(j_, k), kRowBytes);
    _tile_loadd(4, at_.left(i_, k), kRowBytes);
    if constexpr (kTwoRight) _tile_loadd(7, at_.right(j_ + 1, k), kRowBytes);
    if constexpr (kTwoLeft) _tile_loadd(5, at_.left(i_ + 1, k), kRowBytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kTwoRight) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTwoLeft) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kTwoLeft && kTwoRight) _tile_dpbf16ps(3, 5, 7);
  }

  void end() {
    _tile_stored(0, scratch_, kRowBytes);
    store(i_, j_);
    if constexpr (kTwoRight) {
      _tile_stored(1, scratch_, kRowBytes);
      store(i_, j_ + 1);
    }
    if constexpr (kTwoLeft) {
      _tile_stored(2, scratch_, kRowBytes);
      store(i_ + 1, j_);
    }
    if constexpr (kTwoLeft && kTwoRight) {
      _tile_stored(3, scratch_, kRowBytes);
      store(i_ + 1, j_ + 1);
    }
  }

  void store(std::size_t i, std::size_t j) {
    Words rows[kLanes];
    for (std::size_t r = 0; r < kLanes; ++r) rows[r] = _mm512_load_si512(scratch_ + r * kLanes);
    store_sums(at_.p, i * kTileCount, j * kTileCount, rows);
  }

  const Operands& at_;
  std::size_t i_, j_;
  alignas(64) float scratch_[kTileCount * kTileCount];
};

void multiply_by_tiles(const TileProduct& p) {
  const Operands at(p);
  const TileConfig config;
  settle();
  _tile_loadconfig(&config);
  const std::size_t n_i = blocks(p.left_count, kTileCount);
  const std::size_t n_j = blocks(p.right_count, kTileCount);
  for (std::size_t j = 0; j < n_j; j += 2) {
    for (std::size_t i = 0; i < n_i; i += 2) {
      const bool two_left = i + 1 < n_i;
      const bool two_right = j + 1 < n_j;
      if (two_left && two_right) {
        TileSquare<true, true>(at, i, j).compute();
      } else if (two_left) {
        TileSquare<true, false>(at, i, j).compute();
      } else if (two_right) {
        TileSquare<false, true>(at, i, j).compute();
      } else {
        TileSquare<false, false>(at, i, j).compute();
      }
    }
  }
  _tile_release();
}

}  // namespace

extern const TileKernels kTileKernelsAvx512Bf16{"avx512_bf16", pack_floats, pack_pixels, multiply_by_vectors};
extern const TileKernels kTileKernelsAmx{"amx", pack_floats, pack_pixels, multiply_by_tiles};

}  // namespace fmnist
