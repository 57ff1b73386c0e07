#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fmnist/bytes_of.hpp"
#include "fmnist/input_batch.hpp"
#include "fmnist/product_kernels.hpp"

namespace fmnist {

/// Bit j of row i becomes bit i of row j: `bits` [rows, words] becomes `turned` [64·words,
/// words_of_bits(rows)].
void turn_bits(const std::uint64_t* bits, std::size_t rows, std::size_t words, std::uint64_t* turned);

/// Of each two rows that follow each other in `order`, the bits that either has, of an odd last row its own;
/// `order` [rows]. `bits` [rows, words] becomes `joined` [⌈rows/2⌉, words].
void join_bits(const std::uint64_t* bits, const std::uint32_t* order, std::size_t rows, std::size_t words,
               std::uint64_t* joined);

/// The images of a batch side by side as the bytes they are, which of them are 0, and an order in which images
/// that have many zeros in common follow each other.
class GatheredImages {
 public:
  /// For batches of up to max_rows images of `pixels` bytes.
  GatheredImages(std::size_t max_rows, std::size_t pixels, const ProductKernels& kernels);

  void take(const ImageRows& images);

  [[nodiscard]] std::size_t count() const { return count_; }
  /// Words of an image's bits.
  [[nodiscard]] std::size_t words() const { return words_; }
  /// [count, pixels]
  [[nodiscard]] const std::uint8_t* bytes() const { return bytes_.data(); }
  /// [count, words] which pixels are not 0.
  [[nodiscard]] const std::uint64_t* bits() const { return bits_.data(); }
  /// [count]
  [[nodiscard]] const std::uint32_t* order() const { return order_.data(); }

  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(bytes_, bits_, counts_, order_, keys_); }
  /// What those for so many images take.
  [[nodiscard]] static std::size_t memory_bytes(std::size_t max_rows, std::size_t pixels);

 private:
  void put_in_order();

  std::size_t pixels_, words_;
  const ProductKernels& kernels_;
  std::size_t count_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint8_t> counts_;  ///< [count, words] how many bits of each word are set.
  std::vector<std::uint32_t> order_;
  std::vector<std::uint64_t> keys_;  ///< [count] by which the images are ordered.
};

}  // namespace fmnist
