#include "fmnist/libtorch.hpp"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <torch/cuda.h>

#include <string_view>

#include "fmnist/compute.hpp"

namespace fmnist::libtorch {

void use_one_thread() {
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  at::set_num_threads(1);
  fmnist::use_one_thread();
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
