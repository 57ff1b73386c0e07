#pragma once

#include <string>
#include <vector>

namespace fmnist {

/// The calling thread computes on one core: LibTorch, OpenMP and OpenBLAS are told so, each if it is there. The
/// first call of a process also tells malloc to keep pages instead of handing them back after each step.
void use_one_thread();

/// "cpu", then "cuda:0", … as LibTorch sees them.
[[nodiscard]] std::vector<std::string> available_devices();

/// LibTorch's version, its processor capability and the BLAS it was linked with.
[[nodiscard]] std::string torch_version_text();
[[nodiscard]] std::string cpu_capability_text();
[[nodiscard]] std::string blas_text();

}  // namespace fmnist
