#include <algorithm>
#include <cmath>
#include <cstring>

#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

constexpr unsigned kHalf = 16;
constexpr std::size_t kWordsAcross = kTileDepth / 2;
constexpr std::size_t kMostPieces = count_of(TilePieces::kExact);

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// The nearest bfloat16 number, of two equally near ones the even one.
std::uint32_t rounded(float value) {
  constexpr std::uint32_t kNan = 0x7FC0U;
  constexpr std::uint32_t kBelowHalf = 0x7FFFU;
  if (std::isnan(value)) return kNan;
  const std::uint32_t bits = bits_of(value);
  return (bits + kBelowHalf + ((bits >> kHalf) & 1U)) >> kHalf;
}

/// What a float exceeds that one by is a float, too.
float rest(float value) {
  return value - float_of(rounded(value) << kHalf);
}

std::size_t place(TileSide side, std::size_t i, std::size_t d) {
  return side == TileSide::kLeft ? i * kWordsAcross + d : d * kTileCount + i;
}

/// `piece(i, d, p)` for each number of the operand and each of its pieces, as bits.
template <typename Piece>
void pack(std::size_t count, std::size_t depth, TilePieces pieces, TileSide side, std::uint32_t* words,
          const Piece& piece) {
  std::fill_n(words, tile_words(count, depth, pieces), 0U);
  const std::size_t deep = (depth + kTileDepth - 1) / kTileDepth;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t d = 0; d < depth; ++d) {
      const std::size_t tile = i / kTileCount * deep + d / kTileDepth;
      const std::size_t at = place(side, i % kTileCount, d % kTileDepth / 2);
      for (std::size_t p = 0; p < count_of(pieces); ++p)
        words[(tile * count_of(pieces) + p) * kTileWords + at] |= piece(i, d, p) << (d % 2 == 0 ? 0U : kHalf);
    }
  }
}

void pack_floats(const FloatVectors& v, TileSide side, std::uint32_t* words) {
  pack(v.count, v.depth, v.pieces, side, words, [&](std::size_t i, std::size_t d, std::size_t p) {
    float number = v.numbers[v.depth_first ? d * v.stride + i : i * v.stride + d] * v.scale;
    for (; p > 0; --p) number = rest(number);
    return rounded(number);
  });
}

void pack_pixels(const PixelVectors& v, TileSide side, std::uint32_t* words) {
  const std::size_t count = v.depth_first ? v.features : v.n_rows;
  const std::size_t depth = v.depth_first ? v.n_rows : v.features;
  pack(count, depth, TilePieces::kRounded, side, words, [&](std::size_t i, std::size_t d, std::size_t) {
    const std::size_t row = v.depth_first ? d : i;
    const std::size_t pixel = v.depth_first ? i : d;
    return rounded(static_cast<float>(v.pixels[v.rows[row] * v.features + pixel]));
  });
}

/// sums += the product of two tiles.
void add_product(const std::uint32_t* left, const std::uint32_t* right, float* sums) {
  constexpr std::uint32_t kUpper = 0xFFFF0000U;
  for (std::size_t i = 0; i < kTileCount; ++i) {
    for (std::size_t d = 0; d < kWordsAcross; ++d) {
      const std::uint32_t word = left[i * kWordsAcross + d];
      const float even = float_of(word << kHalf);
      const float odd = float_of(word & kUpper);
      for (std::size_t j = 0; j < kTileCount; ++j) {
        const std::uint32_t other = right[d * kTileCount + j];
        sums[i * kTileCount + j] += even * float_of(other << kHalf) + odd * float_of(other & kUpper);
      }
    }
  }
}

void multiply(const TileProduct& p) {
  const std::size_t deep = (p.depth + kTileDepth - 1) / kTileDepth;
  const std::size_t left_pieces = count_of(p.left_pieces);
  const std::size_t right_pieces = count_of(p.right_pieces);
  for (std::size_t i0 = 0; i0 < p.left_count; i0 += kTileCount) {
    for (std::size_t j0 = 0; j0 < p.right_count; j0 += kTileCount) {
      const std::uint32_t* left = p.left + i0 / kTileCount * deep * left_pieces * kTileWords;
      const std::uint32_t* right = p.right + j0 / kTileCount * deep * right_pieces * kTileWords;
      float sums[kTileCount * kTileCount];
      const std::size_t n_i = std::min(kTileCount, p.left_count - i0);
      const std::size_t n_j = std::min(kTileCount, p.right_count - j0);
      for (std::size_t i = 0; i < kTileCount; ++i) {
        for (std::size_t j = 0; j < kTileCount; ++j)
          sums[i * kTileCount + j] = p.start != nullptr && j < n_j ? p.start[j0 + j] : 0.0F;
      }
      for (std::size_t k = 0; k < deep; ++k) {
        for (std::size_t a = 0; a < left_pieces; ++a) {
          for (std::size_t b = 0; b < std::min(right_pieces, kMostPieces - a); ++b)
            add_product(left + (k * left_pieces + a) * kTileWords, right + (k * right_pieces + b) * kTileWords,
                        sums);
        }
      }
      for (std::size_t i = 0; i < n_i; ++i)
        std::copy_n(sums + i * kTileCount, n_j, p.c + (i0 + i) * p.stride + j0);
    }
  }
}

}  // namespace

extern const TileKernels kTileKernelsPortable{"portable", false, pack_floats, pack_pixels, multiply, nullptr};

}  // namespace fmnist
