#pragma once

#include <string>
#include <vector>

/// Facts and settings of LibTorch; part of tune_fmnist_torch.so.
namespace fmnist::libtorch {

/// The calling thread computes on one core; every GPU gives the same numbers again, in all threads. With
/// LibTorch 2 the backward passes of a GPU's networks are led by the threads that ask for them instead of one
/// for all of the device.
void use_one_thread();
/// What LibTorch keeps of GPUs' memory without need goes back to them.
void release_cached_memory();
[[nodiscard]] std::vector<std::string> cuda_devices();
[[nodiscard]] std::string cpu_capability();
[[nodiscard]] std::string blas();

}  // namespace fmnist::libtorch
