#include "fmnist/compute.hpp"

#include <dlfcn.h>
#include <malloc.h>

#include <mutex>

#include "fmnist/torch_part.hpp"

namespace fmnist {
namespace {

void call_if_there(const char* name, int argument) {
  if (void* address = library_function(name)) reinterpret_cast<void (*)(int)>(address)(argument);
}

void keep_memory() {
  constexpr int kMiB = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * kMiB);  // glibc's largest.
  mallopt(M_TRIM_THRESHOLD, 1024 * kMiB);
  mallopt(M_TOP_PAD, 16 * kMiB);
}

}  // namespace

void* library_function(const char* name) {
  return dlsym(RTLD_DEFAULT, name);
}

void use_one_thread() {
  static std::once_flag once;
  std::call_once(once, keep_memory);
  call_if_there("omp_set_num_threads", 1);
  call_if_there("openblas_set_num_threads", 1);
}

std::vector<std::string> available_devices() {
  std::vector<std::string> devices{"cpu"};
#ifdef FMNIST_HAVE_CUDA
  const auto gpus = torch_part().cuda_devices();
  devices.insert(devices.end(), gpus.begin(), gpus.end());
#endif
  return devices;
}

std::string torch_version_text() {
  return FMNIST_TORCH_VERSION;
}

}  // namespace fmnist
