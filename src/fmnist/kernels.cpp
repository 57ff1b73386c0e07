#include "fmnist/kernels.hpp"

namespace fmnist {

extern const Kernels kKernelsBaseline;
#ifdef FMNIST_X86_KERNELS
extern const Kernels kKernelsAvx2;
extern const Kernels kKernelsAvx512;

namespace {

const Kernels& choose() {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return kKernelsAvx512;
  return avx2 ? kKernelsAvx2 : kKernelsBaseline;
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}
#else
const Kernels& kernels() {
  return kKernelsBaseline;
}
#endif

}  // namespace fmnist
