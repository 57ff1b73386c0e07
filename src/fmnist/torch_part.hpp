#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fmnist/engine.hpp"

namespace fmnist {

/// What the trainer takes from LibTorch. It is a shared library of its own, `tune_fmnist_torch.so` beside the
/// one that asks for it: loading LibTorch takes half a second and 160 MB, which networks of dense layers on the
/// CPU do without in a build with oneDNN. The library exports one object of this type, by C linkage, under the
/// name kSymbol. Its functions throw tune::Error, and DeviceError for a device that is broken; never an error
/// of LibTorch's own.
struct TorchPart {
  static constexpr const char* kSymbol = "fmnist_torch_part";
  static constexpr const char* kFile = "tune_fmnist_torch.so";

  /// As make_autograd_engine; the thread that calls computes on one core from then on.
  std::unique_ptr<Engine> (*make_engine)(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                         const std::string& device) = nullptr;
  /// As make_tensor_engine, likewise.
  std::unique_ptr<Engine> (*make_tensor_engine)(std::shared_ptr<const TrainingData> data,
                                                const EngineConfig& config,
                                                const std::string& device) = nullptr;
  Gemm gemm = nullptr;                                   ///< As aten_gemm, in threads that called the next one.
  void (*use_one_thread)() = nullptr;                    ///< The calling thread computes on one core.
  std::vector<std::string> (*cuda_devices)() = nullptr;  ///< "cuda:0", … that it can use.
  std::string (*cpu_capability)() = nullptr;             ///< The vector instructions that it uses: "AVX512".
  std::string (*blas)() = nullptr;  ///< With its version; "unknown" for the reference BLAS.
};

/// Loads it at the first call; it stays until the process ends. Throws tune::Error that says where it looked
/// and what to do.
[[nodiscard]] const TorchPart& torch_part();

}  // namespace fmnist
