#pragma once

#include <algorithm>
#include <cstddef>

#include "fmnist/network.hpp"

/// How many examples trials evaluate together.
namespace fmnist {

/// Between two polls: a few milliseconds.
inline constexpr std::size_t kEvaluationPoll = 2048;

/// By the engine gemm: large enough for the products, small enough for the second cache.
inline constexpr std::size_t kGemmEvaluationBatch = 256;

/// By autograd: about what fits into caches.
[[nodiscard]] inline std::size_t autograd_evaluation_batch(const Network& network) {
  constexpr std::size_t kNumbersOfAllLayers = 16'000'000;
  return std::clamp<std::size_t>(kNumbersOfAllLayers / network.activation_count(), 16, 1024);
}

}  // namespace fmnist
