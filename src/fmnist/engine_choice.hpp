#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fmnist/engine.hpp"
#include "fmnist/memory_estimate.hpp"
#include "tune/search_space.hpp"

/// Which engine computes what: for dense networks one that is written by hand, on the CPU over matrix products
/// (gemm) and on GPUs over LibTorch's operations (tensor); for others LibTorch's autograd. `setting` is the
/// objective's setting "engine": "auto", which is this, or "gemm", "tensor" or "autograd". Only gemm
/// has another precision than fp32.
namespace fmnist {

/// For the networks of a study with these parameters in common, in fp32: "gemm (own, amx, oneDNN)", over
/// products written by hand where there are some for the processor, those of images and wide layers in large
/// batches with the tile kernels of that name; without such kernels "gemm (own, oneDNN)", and on processors
/// that no products are written for "gemm (oneDNN)". In a build without oneDNN all of these end in LibTorch
/// instead: "gemm (own, LibTorch)". Or "tensor" or "autograd". On a CPU
/// that is gemm unless no network is dense, and on a GPU tensor only where all are: a study goes on with the
/// engine that it has, and that must be able to train them.
[[nodiscard]] std::string engine_name(const std::string& setting, const tune::ParamValues& common,
                                      const std::string& device);
/// For this network and its batches, of which small ones do without tile kernels in fp32; also
/// "gemm (bf16, amx)" and so on. Throws InvalidArgument for a precision that no engine has there.
[[nodiscard]] std::string engine_name(const std::string& setting, const EngineConfig& config,
                                      const std::string& device);

/// Whether no trial of a study with these parameters in common, on these devices, needs LibTorch.
[[nodiscard]] bool without_libtorch(const std::string& setting, const tune::ParamValues& common,
                                    const std::vector<std::string>& devices);

/// Whether a trial of such a study may ask for bf16.
[[nodiscard]] bool may_be_bf16(const tune::ParamValues& common);

/// The engine is for the thread that calls. Throws as engine_name, InvalidArgument where "gemm" or "tensor" is
/// asked for a network that it cannot train, and as torch_part where LibTorch is needed: in a build without
/// oneDNN it is for gemm, too.
[[nodiscard]] std::unique_ptr<Engine> make_engine(const std::string& setting,
                                                  std::shared_ptr<const TrainingData> data,
                                                  const EngineConfig& config, const std::string& device);

/// About the bytes that such an engine takes at its peak. Throws as engine_name.
[[nodiscard]] std::uint64_t memory_estimate(const std::string& setting, const EngineConfig& config,
                                            const std::string& device, const PassSizes& passes);

}  // namespace fmnist
