#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fmnist/augmentation.hpp"
#include "fmnist/dataset.hpp"

namespace fmnist {

/// Makes the inputs of a network from the images at given positions: normalised, and changed at random while
/// training. Used by one thread.
class InputBatch {
 public:
  InputBatch(std::shared_ptr<const TrainingData> data, const Augmenter& augmenter)
      : data_(std::move(data)), augmenter_(augmenter) {}

  void begin_epoch(std::uint64_t epoch) { augmenter_.begin_epoch(epoch); }
  /// Writes [positions, features] to `inputs`.
  void gather(std::span<const std::uint32_t> positions, bool training, float* inputs);

 private:
  void augment(std::span<const std::uint32_t> positions);

  std::shared_ptr<const TrainingData> data_;
  Augmenter augmenter_;
  std::vector<std::uint8_t> changed_;    ///< [positions, features]
  std::vector<std::uint32_t> in_order_;  ///< 0, 1, …
};

}  // namespace fmnist
