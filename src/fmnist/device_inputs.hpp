#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <span>

#include "fmnist/augmentation.hpp"
#include "fmnist/dataset.hpp"

namespace fmnist {

/// Makes the inputs of a network on its device: from images that are there once for all engines, as bytes, and
/// changed at random while training, to the same pixels as InputBatch. Used by one thread.
class DeviceInputs {
 public:
  struct Batch {
    at::Tensor inputs;  ///< [n, features] float32, normalised.
    at::Tensor labels;  ///< [n] int64
  };

  /// Copies the examples to the device when no engine has done so before.
  DeviceInputs(std::shared_ptr<const TrainingData> data, const Augmenter& augmenter, const at::Device& device);

  void begin_epoch(std::uint64_t epoch) { augmenter_.begin_epoch(epoch); }
  /// Brings the images at these positions into their order, for `of_pass`.
  void begin_pass(std::span<const std::uint32_t> positions, bool training) {
    pass_ = {};  // Its memory is free for the next one.
    pass_ = bytes(positions, training);
  }
  /// Of the pass, the `n` from `begin` on; nothing is sent to the device.
  [[nodiscard]] Batch of_pass(std::size_t begin, std::size_t n) const;
  [[nodiscard]] Batch of(std::span<const std::uint32_t> positions, bool training) const;

 private:
  struct Bytes {
    at::Tensor pixels;  ///< [n, features] uint8
    at::Tensor labels;  ///< [n] int64
  };

  [[nodiscard]] Bytes bytes(std::span<const std::uint32_t> positions, bool training) const;
  [[nodiscard]] Batch normalised(const Bytes& bytes) const;
  void change(at::Tensor& pixels, std::span<const std::uint32_t> positions) const;

  std::shared_ptr<const TrainingData> data_;
  Augmenter augmenter_;
  at::Device device_;
  std::shared_ptr<const Bytes> all_;
  Bytes pass_;
};

}  // namespace fmnist
