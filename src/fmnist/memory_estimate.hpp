#pragma once

#include <cstddef>
#include <cstdint>

#include "fmnist/engine.hpp"

/// What Engine::peak_memory_bytes will say of an engine that trains and evaluates, from the shapes of its
/// network alone: nearly always within a quarter, mostly closer; of gemm to a thousandth.
namespace fmnist {

/// Examples of the passes over the data.
struct PassSizes {
  std::size_t training = 0;
  std::size_t validation = 0;
};

/// 0 for networks that it does not train.
[[nodiscard]] std::uint64_t gemm_memory_bytes(const EngineConfig& config);
/// What a pass is over is on the device for as long as it takes.
[[nodiscard]] std::uint64_t tensor_memory_bytes(const EngineConfig& config, const PassSizes& passes);
[[nodiscard]] std::uint64_t autograd_memory_bytes(const EngineConfig& config, bool on_cpu,
                                                  const PassSizes& passes);

}  // namespace fmnist
