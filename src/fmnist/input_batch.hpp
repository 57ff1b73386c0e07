#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fmnist/augmentation.hpp"
#include "fmnist/bytes_of.hpp"
#include "fmnist/dataset.hpp"

namespace fmnist {

/// `count` images of a batch: the i-th one is at pixels + rows[i] · (bytes an image).
struct ImageRows {
  const std::uint8_t* pixels = nullptr;
  const std::uint32_t* rows = nullptr;
  std::size_t count = 0;
};

/// Makes the inputs of a network from the images at given positions: normalised, and changed at random while
/// training. Used by one thread.
class InputBatch {
 public:
  InputBatch(std::shared_ptr<const TrainingData> data, const Augmenter& augmenter)
      : data_(std::move(data)), augmenter_(augmenter) {}

  void begin_epoch(std::uint64_t epoch) { augmenter_.begin_epoch(epoch); }
  /// As bytes, not normalised. They stay until the next call, as long as the positions do.
  ImageRows images(std::span<const std::uint32_t> positions, bool training);
  /// Writes [positions, features] to `inputs`.
  void gather(std::span<const std::uint32_t> positions, bool training, float* inputs);
  /// What it takes besides the data.
  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(changed_, in_order_); }

 private:
  void augment(std::span<const std::uint32_t> positions);

  std::shared_ptr<const TrainingData> data_;
  Augmenter augmenter_;
  std::vector<std::uint8_t> changed_;    ///< [positions, features]
  std::vector<std::uint32_t> in_order_;  ///< 0, 1, …
};

}  // namespace fmnist
