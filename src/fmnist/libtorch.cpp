#include "fmnist/libtorch.hpp"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/AutogradState.h>
#include <dlfcn.h>
#include <torch/cuda.h>

#ifdef FMNIST_HAVE_CUDA
#include <c10/cuda/CUDACachingAllocator.h>
#endif

#include <mutex>
#include <string_view>

#include "fmnist/compute.hpp"

namespace fmnist::libtorch {
namespace {

/// LibTorch 2 has this; before, a GPU's backward passes are led by one thread of LibTorch's.
template <typename State>
void lead_backward_passes(State& of_this_thread) {
  if constexpr (requires { of_this_thread.set_multithreading_enabled(false); })
    of_this_thread.set_multithreading_enabled(false);
}

/// These switches are the whole process's: they are set before its first thread computes, never while one does.
void give_same_numbers_again() {
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setAllowTF32CuDNN(false);  // fp32 means floats.
}

}  // namespace

void use_one_thread() {
  static std::once_flag once;
  std::call_once(once, give_same_numbers_again);
  at::set_num_threads(1);
  lead_backward_passes(c10::AutogradState::get_tls_state());
  fmnist::use_one_thread();
}

void release_cached_memory() {
#ifdef FMNIST_HAVE_CUDA
  c10::cuda::CUDACachingAllocator::emptyCache();
#endif
}

std::vector<std::string> cuda_devices() {
  std::vector<std::string> devices;
  const std::size_t n = torch::cuda::is_available() ? torch::cuda::device_count() : 0;
  for (std::size_t i = 0; i < n; ++i) devices.push_back("cuda:" + std::to_string(i));
  return devices;
}

std::string cpu_capability() {
  // LibTorch 1.13 says it only in the middle of a longer text.
  constexpr std::string_view kLabel = "CPU capability usage: ";
  const std::string config = at::show_config();
  const std::size_t begin = config.find(kLabel);
  if (begin == std::string::npos) return "unknown";
  const std::size_t value = begin + kLabel.size();
  return config.substr(value, config.find('\n', value) - value);
}

std::string blas() {
  if (void* address = library_function("openblas_get_config")) {
    return reinterpret_cast<char* (*)()>(address)();
  }
  return at::hasMKL() ? "MKL" : "unknown";
}

}  // namespace fmnist::libtorch
