#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fmnist/bytes_of.hpp"
#include "fmnist/kernels.hpp"
#include "tune/random.hpp"

namespace fmnist {

/// The state of the bulk generator, word by word.
using DropoutState = std::array<std::uint32_t, std::size_t{4} * BulkState::kLanes>;

/// Dropout masks of one trial: a bulk generator (xoshiro128++, 16 lanes) whose state comes from the keyed
/// stream (seed, trial, kDropout, epoch). Masks come in the order of batches and layers. Used by one thread.
class DropoutMasks {
 public:
  DropoutMasks(std::uint64_t seed, std::uint64_t trial);

  /// Starts the masks of an epoch.
  void begin_epoch(std::uint64_t epoch);
  /// The mask of the next `n` elements, each dropped with that probability in [0, 1); valid until the next
  /// call. Probability 0 keeps all and draws nothing.
  [[nodiscard]] DropoutMask next(std::size_t n, double probability);

  [[nodiscard]] std::size_t memory_bytes() const { return bytes_of(words_); }
  [[nodiscard]] DropoutState state() const;
  void restore(const DropoutState& state);

 private:
  std::uint64_t seed_;
  std::uint64_t trial_;
  BulkState state_{};
  std::vector<std::uint32_t> words_;
};

}  // namespace fmnist
