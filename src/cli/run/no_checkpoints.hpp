#pragma once

#include <chrono>
#include <limits>

#include "tune/objective.hpp"

namespace fmnist_tune {

/// Keeps nothing: an interrupted training is lost.
class NoCheckpoints final : public tune::CheckpointStore {
 public:
  [[nodiscard]] std::chrono::duration<double> interval() const override {
    return std::chrono::duration<double>(std::numeric_limits<double>::infinity());
  }
  bool resume(const Take&) override { return false; }
  bool save(const tune::Checkpoint&) override { return false; }
};

}  // namespace fmnist_tune
