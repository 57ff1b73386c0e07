#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fmnist {

struct PairKernels;

/// Matrix products over bfloat16 numbers, floats of 8 bits, with sums in float, as the matrix units of
/// processors do them. An operand is cut into tiles of 16 × 32 numbers; `depth` is the axis that the product
/// sums over.
inline constexpr std::size_t kTileCount = 16;
inline constexpr std::size_t kTileDepth = 32;
/// A word holds two numbers that are neighbours along the depth, the first in its lower half.
inline constexpr std::size_t kTileWords = kTileCount * kTileDepth / 2;

/// What floats become: the nearest bfloat16 number, or three whose sum is the float to the last bit, so that a
/// product with a number that has 8 bits anyway is one of floats. That is true of floats between 1e-31 and
/// 3.38e38 in size: of smaller ones the sum has fewer bits, and larger ones are no numbers then.
enum class TilePieces : std::size_t { kRounded = 1, kExact = 3 };

[[nodiscard]] constexpr std::size_t count_of(TilePieces pieces) {
  return static_cast<std::size_t>(pieces);
}

/// How a tile lies in memory: for the left operand of a product word (i, d) is at 16·i + d, for the right one
/// at 16·d + i.
enum class TileSide { kLeft, kRight };

/// Words that `count` vectors of `depth` numbers take: tiles [⌈count/16⌉][⌈depth/32⌉][pieces], the largest
/// piece first.
[[nodiscard]] constexpr std::size_t tile_words(std::size_t count, std::size_t depth,
                                               TilePieces pieces = TilePieces::kRounded) {
  const auto blocks = [](std::size_t n, std::size_t size) { return (n + size - 1) / size; };
  return blocks(count, kTileCount) * blocks(depth, kTileDepth) * count_of(pieces) * kTileWords;
}

/// `count` vectors of `depth` floats, each times `scale`. Number d of vector i is at i·stride + d, or with
/// `depth_first` at d·stride + i.
struct FloatVectors {
  const float* numbers;
  std::size_t stride;
  bool depth_first;
  std::size_t count, depth;
  float scale;
  TilePieces pieces = TilePieces::kRounded;
};

/// The images at `rows`, bytes that are bfloat16 numbers exactly. The vectors are the images, or with
/// `depth_first` the pixels, which run over the images then.
struct PixelVectors {
  const std::uint8_t* pixels;
  std::size_t features;  ///< Bytes an image.
  const std::uint32_t* rows;
  std::size_t n_rows;
  bool depth_first;
};

/// C[i, j] = start[j] + Σ_d left[i, d]·right[j, d]. Where both sides are exact, the three smallest of the nine
/// products of pieces are left out: together at most one unit in the last place of a product of floats.
struct TileProduct {
  const std::uint32_t* left;
  std::size_t left_count;
  TilePieces left_pieces;
  const std::uint32_t* right;
  std::size_t right_count;
  TilePieces right_pieces;
  std::size_t depth;
  const float* start;  ///< [right_count] and any numbers up to whole tiles, or null: zeros.
  float* c;            ///< [left_count, right_count]
  std::size_t stride;  ///< From row to row of `c`.
};

/// Each set does every combination of layouts, sides and pieces, whether an engine needs it or not. Operands
/// and sums that begin with cache lines take less time. Numbers closer to zero than 1.2e-38 count as zero, in
/// part of the sets. What a tile has beyond the operand's numbers is written as zeros.
struct TileKernels {
  const char* name;
  /// Whether products of exact pieces take less time than those of floats.
  bool has_fast_pieces;
  void (*pack_floats)(const FloatVectors& vectors, TileSide side, std::uint32_t* words);
  void (*pack_pixels)(const PixelVectors& vectors, TileSide side, std::uint32_t* words);
  void (*multiply)(const TileProduct& product);
  /// For products of images with rounded numbers, where pairs take less time than tiles, or null. A set that
  /// has them is listed only where product_kernels() is not null.
  const PairKernels* pairs;
};

/// The sets that this processor runs, the fastest first: "amx", "avx512_bf16", "portable". The same for the
/// life of the process; the first call asks the operating system for the use of the matrix unit.
[[nodiscard]] const std::vector<const TileKernels*>& tile_kernels();
/// The fastest one, if for batches of so many rows its products of exact pieces take less time than those of
/// floats, or null. Weights are taken apart for each batch, which is worth it from 32 rows on.
[[nodiscard]] const TileKernels* piece_kernels(std::size_t rows);

}  // namespace fmnist
