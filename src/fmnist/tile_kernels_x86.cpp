// Compiled for processors with AVX512_BF16 and AMX, so that no inline function of another header is used here:
// the linker might take it for the whole program.

#include <immintrin.h>

#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

#include "fmnist/avx512_lanes.inl"

#include "fmnist/avx512_bf16.inl"

constexpr std::size_t kWordsAcross = kTileDepth / 2;
constexpr auto kMostPieces = static_cast<std::size_t>(TilePieces::kExact);
static_assert(kLanes == kTileCount && kLanes == kWordsAcross);

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

/// A tile of one side becomes one of the other.
void transpose_tile(std::uint32_t* tile) {
  Words rows[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) rows[i] = _mm512_loadu_si512(tile + i * kLanes);
  store_tile(rows, true, tile);
}

/// The nearest bfloat16 numbers, of two equally near ones the larger in size, as the upper halves of words.
Words nearest(Floats numbers) {
  const Words half = _mm512_set1_epi32(1 << (kHalf - 1));
  return _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(numbers), half), _mm512_set1_epi32(-1 << kHalf));
}

/// What numbers exceed these by.
Floats rest(Floats numbers, Words piece) {
  return _mm512_sub_ps(numbers, _mm512_castsi512_ps(piece));
}

/// As above, of such words.
Words joined_neighbours(Words first, Words second) {
  // Of the 64 halves of both, which follow each other, the odd ones.
  const Words lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  const Words odd = _mm512_add_epi32(_mm512_mullo_epi32(lane, _mm512_set1_epi32(4 | 4 << kHalf)),
                                     _mm512_set1_epi32(1 | 3 << kHalf));
  return _mm512_permutex2var_epi16(first, odd, second);
}

/// Two times 16 numbers, which become 16 words.
struct Numbers {
  Floats first, second;
};

/// A tile's numbers, lane by lane along the depth: row i is vector i0 + i, whose numbers become neighbours.
struct Along {
  static constexpr TileSide kSide = TileSide::kLeft;  ///< As which rows are a tile's.

  Along(const FloatVectors& vectors, std::size_t i0, std::size_t d0)
      : v(vectors),
        from(v.numbers + i0 * v.stride + d0),
        scale(_mm512_set1_ps(v.scale)),
        n(left_of(v.count, i0)),
        first(first_lanes(left_of(v.depth, d0))),
        second(first_lanes(left_of(v.depth, d0 + kLanes))) {}

  [[nodiscard]] Numbers row(std::size_t i) const {
    if (i >= n) return {_mm512_setzero_ps(), _mm512_setzero_ps()};
    const float* numbers = from + i * v.stride;
    return {_mm512_mul_ps(scale, _mm512_maskz_loadu_ps(first, numbers)),
            _mm512_mul_ps(scale, _mm512_maskz_loadu_ps(second, numbers + kLanes))};
  }
  static Words rounded(Numbers numbers) { return neighbours(numbers.first, numbers.second); }
  static Words joined(Words first, Words second) { return joined_neighbours(first, second); }

  const FloatVectors& v;
  const float* from;
  Floats scale;
  std::size_t n;
  __mmask16 first, second;
};

/// Lane by lane over the vectors: row i is the depths d0 + 2·i and d0 + 2·i + 1, which become pairs.
struct Across {
  static constexpr TileSide kSide = TileSide::kRight;

  Across(const FloatVectors& vectors, std::size_t i0, std::size_t d0)
      : v(vectors),
        from(v.numbers + d0 * v.stride + i0),
        scale(_mm512_set1_ps(v.scale)),
        n(v.depth - d0),
        lanes(first_lanes(left_of(v.count, i0))) {}

  [[nodiscard]] Numbers row(std::size_t i) const { return {at(2 * i), at(2 * i + 1)}; }
  [[nodiscard]] Floats at(std::size_t d) const {
    if (d >= n) return _mm512_setzero_ps();
    return _mm512_mul_ps(scale, _mm512_maskz_loadu_ps(lanes, from + d * v.stride));
  }
  static Words rounded(Numbers numbers) { return pairs(numbers.first, numbers.second); }
  static Words joined(Words first, Words second) { return joined_pairs(first, second); }

  const FloatVectors& v;
  const float* from;
  Floats scale;
  std::size_t n;
  __mmask16 lanes;
};

template <typename Source, TilePieces kPieces>
void pack_floats_from(const FloatVectors& v, TileSide side, std::uint32_t* words) {
  constexpr auto kPieceCount = static_cast<std::size_t>(kPieces);
  for (std::size_t i = 0; i < blocks(v.count, kTileCount); ++i) {
    for (std::size_t k = 0; k < blocks(v.depth, kTileDepth); ++k, words += kPieceCount * kTileWords) {
      const Source source(v, i * kTileCount, k * kTileDepth);
      for (std::size_t r = 0; r < kLanes; ++r) {
        Numbers numbers = source.row(r);
        std::uint32_t* row = words + r * kLanes;
        if constexpr (kPieces == TilePieces::kRounded) {
          _mm512_storeu_si512(row, Source::rounded(numbers));
        } else {
          for (std::size_t p = 0; p < kPieceCount; ++p) {
            const Words first = nearest(numbers.first);
            const Words second = nearest(numbers.second);
            _mm512_storeu_si512(row + p * kTileWords, Source::joined(first, second));
            numbers = {rest(numbers.first, first), rest(numbers.second, second)};
          }
        }
      }
      if (side == Source::kSide) continue;
      for (std::size_t p = 0; p < kPieceCount; ++p) transpose_tile(words + p * kTileWords);
    }
  }
}

template <typename Source>
void pack_floats_of(const FloatVectors& v, TileSide side, std::uint32_t* words) {
  v.pieces == TilePieces::kExact ? pack_floats_from<Source, TilePieces::kExact>(v, side, words)
                                 : pack_floats_from<Source, TilePieces::kRounded>(v, side, words);
}

void pack_floats(const FloatVectors& v, TileSide side, std::uint32_t* words) {
  v.depth_first ? pack_floats_of<Across>(v, side, words) : pack_floats_of<Along>(v, side, words);
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
    rows[i] = neighbouring_pixels(bytes);
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
  for (std::size_t i = 0; i < kLanes; ++i) rows[i] = joined_pairs(image(d0 + 2 * i), image(d0 + 2 * i + 1));
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
  explicit Operands(const TileProduct& product)
      : p(product),
        deep(blocks(product.depth, kTileDepth)),
        left_pieces(static_cast<std::size_t>(product.left_pieces)),
        right_pieces(static_cast<std::size_t>(product.right_pieces)) {}

  [[nodiscard]] const std::uint32_t* left(std::size_t block, std::size_t k, std::size_t piece) const {
    return p.left + ((block * deep + k) * left_pieces + piece) * kTileWords;
  }
  [[nodiscard]] const std::uint32_t* right(std::size_t block, std::size_t k, std::size_t piece) const {
    return p.right + ((block * deep + k) * right_pieces + piece) * kTileWords;
  }
  /// Pieces on the right side that count with that one on the left side.
  [[nodiscard]] std::size_t pieces_for(std::size_t left_piece) const {
    return smaller(right_pieces, kMostPieces - left_piece);
  }
  /// What the sums of 16 columns begin with.
  [[nodiscard]] Floats start(std::size_t block) const {
    return p.start == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(p.start + block * kTileCount);
  }
  [[nodiscard]] float* c(std::size_t i, std::size_t j) const {
    return p.c + i * kTileCount * p.stride + j * kTileCount;
  }

  const TileProduct& p;
  std::size_t deep;
  std::size_t left_pieces, right_pieces;
};

/// sums += the product of two tiles.
void add_product(const std::uint32_t* left, const std::uint32_t* right, Floats* sums) {
  for (std::size_t d = 0; d < kWordsAcross; ++d) {
    const auto row = reinterpret_cast<__m512bh>(_mm512_loadu_si512(right + d * kLanes));
#pragma GCC unroll 16
    for (std::size_t r = 0; r < kLanes; ++r) {
      const auto word = static_cast<int>(left[r * kWordsAcross + d]);
      sums[r] = _mm512_dpbf16_ps(sums[r], reinterpret_cast<__m512bh>(_mm512_set1_epi32(word)), row);
    }
  }
}

void multiply_by_vectors(const TileProduct& p) {
  const Operands at(p);
  for (std::size_t j = 0; j < blocks(p.right_count, kTileCount); ++j) {
    const __mmask16 lanes = first_lanes(left_of(p.right_count, j * kTileCount));
    for (std::size_t i = 0; i < blocks(p.left_count, kTileCount); ++i) {
      Floats sums[kLanes];
      for (Floats& sum : sums) sum = at.start(j);
      for (std::size_t k = 0; k < at.deep; ++k) {
        for (std::size_t a = 0; a < at.left_pieces; ++a) {
          for (std::size_t b = 0; b < at.pieces_for(a); ++b)
            add_product(at.left(i, k, a), at.right(j, k, b), sums);
        }
      }
      for (std::size_t r = 0; r < left_of(p.left_count, i * kTileCount); ++r)
        _mm512_mask_storeu_ps(at.c(i, j) + r * p.stride, lanes, sums[r]);
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
    prefetch_sums(i_, j_);
    if constexpr (kTwoRight) prefetch_sums(i_, j_ + 1);
    if constexpr (kTwoLeft) prefetch_sums(i_ + 1, j_);
    if constexpr (kTwoLeft && kTwoRight) prefetch_sums(i_ + 1, j_ + 1);
    if (at_.p.start == nullptr) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      return;
    }
    // All 16 rows from the same place.
    const float* start = at_.p.start + j_ * kTileCount;
    _tile_loadd(0, start, 0);
    if constexpr (kTwoRight) _tile_loadd(1, start + kTileCount, 0);
    if constexpr (kTwoLeft) _tile_loadd(2, start, 0);
    if constexpr (kTwoLeft && kTwoRight) _tile_loadd(3, start + kTileCount, 0);
  }

  /// Sums are written at the end, to a first cache that has their place by then.
  void prefetch_sums(std::size_t i, std::size_t j) const {
    const float* c = at_.c(i, j);
    for (std::size_t r = 0; r < left_of(at_.p.left_count, i * kTileCount); ++r)
      __builtin_prefetch(c + r * at_.p.stride, 1);
  }

  /// The next tiles are brought near between the tile instructions, which a core overlaps better so while its
  /// other thread is busy.
  void add(std::size_t k) {
    const std::size_t next = k + 1 < at_.deep ? k + 1 : k;
    for (std::size_t a = 0; a < at_.left_pieces; ++a) {
      _tile_loadd(4, at_.left(i_, k, a), kRowBytes);
      if constexpr (kTwoLeft) _tile_loadd(5, at_.left(i_ + 1, k, a), kRowBytes);
      for (std::size_t b = 0; b < at_.pieces_for(a); ++b) {
        const std::uint32_t* ahead = at_.right(j_, next, b);
        _tile_loadd(6, at_.right(j_, k, b), kRowBytes);
        prefetch_half(ahead);
        _tile_dpbf16ps(0, 4, 6);
        prefetch_half(ahead + kTileWords / 2);
        if constexpr (kTwoLeft) _tile_dpbf16ps(2, 5, 6);
        if constexpr (!kTwoRight) continue;
        ahead = at_.right(j_ + 1, next, b);
        _tile_loadd(7, at_.right(j_ + 1, k, b), kRowBytes);
        prefetch_half(ahead);
        _tile_dpbf16ps(1, 4, 7);
        prefetch_half(ahead + kTileWords / 2);
        if constexpr (kTwoLeft) _tile_dpbf16ps(3, 5, 7);
      }
    }
  }

  /// Of a tile.
  static void prefetch_half(const std::uint32_t* words) {
    for (std::size_t r = 0; r < kLanes / 2; ++r) __builtin_prefetch(words + r * kLanes);
  }

  // The intrinsic takes no constant but a literal.
  void end() {
    store(i_, j_, [](float* to, std::size_t stride) { _tile_stored(0, to, stride); });
    if constexpr (kTwoRight)
      store(i_, j_ + 1, [](float* to, std::size_t stride) { _tile_stored(1, to, stride); });
    if constexpr (kTwoLeft)
      store(i_ + 1, j_, [](float* to, std::size_t stride) { _tile_stored(2, to, stride); });
    if constexpr (kTwoLeft && kTwoRight)
      store(i_ + 1, j_ + 1, [](float* to, std::size_t stride) { _tile_stored(3, to, stride); });
  }

  /// Of a register, which `write` writes with so many bytes from row to row.
  template <typename Write>
  void store(std::size_t i, std::size_t j, const Write& write) {
    const std::size_t n = left_of(at_.p.left_count, i * kTileCount);
    const std::size_t wide = left_of(at_.p.right_count, j * kTileCount);
    if (n == kTileCount && wide == kTileCount) {
      write(at_.c(i, j), at_.p.stride * sizeof(float));
      return;
    }
    write(scratch_, kRowBytes);
    settle();
    for (std::size_t r = 0; r < n; ++r) {
      _mm512_mask_storeu_ps(at_.c(i, j) + r * at_.p.stride, first_lanes(wide),
                            _mm512_load_ps(scratch_ + r * kLanes));
    }
    settle();
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
  settle();
}

}  // namespace

extern const PairKernels kPairKernelsAvx512;

extern const TileKernels kTileKernelsAvx512Bf16{
    "avx512_bf16", false, pack_floats, pack_pixels, multiply_by_vectors, &kPairKernelsAvx512};
extern const TileKernels kTileKernelsAmx{"amx", true, pack_floats, pack_pixels, multiply_by_tiles, nullptr};

}  // namespace fmnist
