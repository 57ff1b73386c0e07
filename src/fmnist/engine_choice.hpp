#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fmnist/engine.hpp"
#include "tune/search_space.hpp"

/// Which engine computes what: for dense networks one that is written by hand, on the CPU over matrix products
/// (gemm) and on GPUs over LibTorch's operations (tensor); for others LibTorch's autograd. `setting` is the
/// objective's setting "engine": "auto", which is this, or "gemm", "tensor" or "autograd". Only gemm
/// has another precision than fp32.
namespace fmnist {

/// Whether that is gemm. Throws InvalidArgument for a precision that no engine has there.
[[nodiscard]] bool by_hand(const std::string& setting, const EngineConfig& config, const std::string& device);

/// For any network that it can train in fp32: "gemm (oneDNN)", "gemm (LibTorch)", "tensor" or "autograd".
[[nodiscard]] std::string engine_name(const std::string& setting, const std::string& device);
/// For this one; also "gemm (bf16, amx)" and so on, with the name of the tile kernels. Throws as by_hand.
[[nodiscard]] std::string engine_name(const std::string& setting, const EngineConfig& config,
                                      const std::string& device);

/// Whether no trial of a study with these parameters in common, on these devices, needs LibTorch.
[[nodiscard]] bool without_libtorch(const std::string& setting, const tune::ParamValues& common,
                                    const std::vector<std::string>& devices);

/// Throws as by_hand, and InvalidArgument where "gemm" or "tensor" is asked for a network that it cannot train.
[[nodiscard]] std::unique_ptr<Engine> make_engine(const std::string& setting,
                                                  std::shared_ptr<const TrainingData> data,
                                                  const EngineConfig& config, const std::string& device);

}  // namespace fmnist
