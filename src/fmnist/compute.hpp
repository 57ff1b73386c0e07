#pragma once

#include <string>
#include <vector>

namespace fmnist {

/// The calling thread computes on one core: OpenMP and OpenBLAS are told so, each if it is there. The first
/// call of a process also tells malloc to keep pages instead of handing them back after each step.
void use_one_thread();

/// "cpu", then "cuda:0", … as LibTorch sees them; loads it where it was built for CUDA.
[[nodiscard]] std::vector<std::string> available_devices();

/// Of the LibTorch that this was built for.
[[nodiscard]] std::string torch_version_text();

/// A function of a library that this one was linked with, or that all of the process share; or null.
[[nodiscard]] void* library_function(const char* name);

}  // namespace fmnist
