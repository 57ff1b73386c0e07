#include "fmnist/product_kernels.hpp"

namespace fmnist {

#ifdef FMNIST_X86_KERNELS
extern const ProductKernels kProductKernelsAvx512;

namespace {

bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt") &&
         __builtin_cpu_supports("bmi");
}

}  // namespace

const ProductKernels* product_kernels() {
  static const bool runs_here = has_avx512();
  return runs_here ? &kProductKernelsAvx512 : nullptr;
}
#else
const ProductKernels* product_kernels() {
  return nullptr;
}
#endif

}  // namespace fmnist
