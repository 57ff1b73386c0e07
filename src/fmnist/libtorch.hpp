#pragma once

#include <string>
#include <vector>

/// Facts and settings of LibTorch; part of tune_fmnist_torch.so.
namespace fmnist::libtorch {

/// The calling thread computes on one core, and a GPU gives the same numbers again.
void use_one_thread();
[[nodiscard]] std::vector<std::string> cuda_devices();
[[nodiscard]] std::string cpu_capability();
[[nodiscard]] std::string blas();

}  // namespace fmnist::libtorch
