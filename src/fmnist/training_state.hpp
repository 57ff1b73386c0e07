#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fmnist/engine.hpp"
#include "fmnist/trainer.hpp"

namespace fmnist {

/// Loss and accuracy by epoch.
struct Curves {
  std::vector<double> train_loss, train_accuracy, validation_loss, validation_accuracy;
};

/// Where a trial stands: in which pass of which epoch, and how far.
struct TrainingPosition {
  std::int64_t epoch = 1;
  bool validating = false;
  double train_loss = 0.0;  ///< Of this epoch, once validating.
  double train_accuracy = 0.0;
  PassProgress pass{};

  friend bool operator==(const TrainingPosition&, const TrainingPosition&) = default;
};

/// All that a trial in training needs to go on as if it had never been stopped.
struct TrainingState {
  TrainingPosition position;
  Curves curves;  ///< Of the epochs before.
  EngineState engine;
  std::uint64_t peak_memory_bytes = 0;  ///< So far.
};

/// `identity` says in words what the state is of: engine, data, network.
[[nodiscard]] std::vector<std::byte> encode_training_state(const TrainingState& state,
                                                           std::string_view identity);

/// Reads the above. Throws FormatError for another identity or version, and for a state that cannot be.
[[nodiscard]] TrainingState decode_training_state(std::span<const std::byte> bytes, std::string_view identity);

}  // namespace fmnist
