#include "fmnist/compute.hpp"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/cuda.h>
#include <torch/version.h>

#include <mutex>
#include <string_view>

namespace fmnist {
namespace {

/// Calls a function of another library if the process has it.
void call_if_there(const char* name, int argument) {
  if (void* address = dlsym(RTLD_DEFAULT, name)) reinterpret_cast<void (*)(int)>(address)(argument);
}

void keep_memory() {
  constexpr int kMiB = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * kMiB);  // glibc's largest.
  mallopt(M_TRIM_THRESHOLD, 1024 * kMiB);
  mallopt(M_TOP_PAD, 16 * kMiB);
}

}  // namespace

void use_one_thread() {
  // The same numbers again on a GPU, too.
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  static std::once_flag once;
  std::call_once(once, keep_memory);
  at::set_num_threads(1);
  call_if_there("omp_set_num_threads", 1);
  call_if_there("openblas_set_num_threads", 1);
}

std::vector<std::string> available_devices() {
  std::vector<std::string> devices{"cpu"};
  const std::size_t n = torch::cuda::is_available() ? torch::cuda::device_count() : 0;
  for (std::size_t i = 0; i < n; ++i) devices.push_back("cuda:" + std::to_string(i));
  return devices;
}

std::string torch_version_text() {
  return TORCH_VERSION;
}

std::string cpu_capability_text() {
  // LibTorch 1.13 says it only in the middle of a longer text.
  constexpr std::string_view kLabel = "CPU capability usage: ";
  const std::string config = at::show_config();
  const std::size_t begin = config.find(kLabel);
  if (begin == std::string::npos) return "unknown";
  const std::size_t value = begin + kLabel.size();
  return config.substr(value, config.find('\n', value) - value);
}

std::string blas_text() {
  if (void* address = dlsym(RTLD_DEFAULT, "openblas_get_config")) {
    return reinterpret_cast<char* (*)()>(address)();
  }
  return at::hasMKL() ? "MKL" : "unknown";
}

}  // namespace fmnist
