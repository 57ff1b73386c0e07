#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/kernels.hpp"
#include "tune/random.hpp"

namespace fmnist {

/// Dropout masks of one trial: a bulk generator (xoshiro128++, 16 lanes) whose state comes from the keyed
/// stream (seed, trial, kDropout, epoch). Masks come in the order of batches and layers. Used by one thread.
class DropoutMasks {
 public:
  /// `probability` of dropping in [0, 1).
  DropoutMasks(double probability, std::uint64_t seed, std::uint64_t trial);

  [[nodiscard]] bool enabled() const { return probability_ > 0.0; }
  /// Starts the masks of an epoch.
  void begin_epoch(std::uint64_t epoch);
  /// The mask of the next `n` elements; valid until the next call. Without dropout: a mask that keeps all.
  [[nodiscard]] DropoutMask next(std::size_t n);

 private:
  double probability_;
  std::uint64_t seed_;
  std::uint64_t trial_;
  BulkState state_{};
  std::vector<std::uint32_t> words_;
};

}  // namespace fmnist
