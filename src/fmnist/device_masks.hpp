#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>

#include "fmnist/dropout.hpp"

namespace fmnist {

/// Dropout masks of one trial as tensors on its device, to multiply with. On the CPU those of DropoutMasks;
/// elsewhere from a generator of LibTorch's that is the trial's own, with a seed from (seed, trial, kDropout,
/// epoch), of which the state keeps seed and place. Used by one thread.
class DeviceMasks {
 public:
  DeviceMasks(std::uint64_t seed, std::uint64_t trial, const at::Device& device);

  /// Starts the masks of an epoch.
  void begin_epoch(std::uint64_t epoch);
  /// 0 with that probability in (0, 1), else 1 / (1 − probability), for each number of `like`, in its layout.
  [[nodiscard]] at::Tensor next(const at::Tensor& like, double probability);

  [[nodiscard]] DropoutState state() const;
  /// Throws FormatError for a state that the device's generator refuses.
  void restore(const DropoutState& state);

 private:
  std::uint64_t seed_;
  std::uint64_t trial_;
  DropoutMasks on_cpu_;
  std::optional<at::Generator> generator_;  ///< Not on the CPU.
};

}  // namespace fmnist
