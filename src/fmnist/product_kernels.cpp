#include "fmnist/lane_kernels.hpp"

namespace fmnist {

#ifdef FMNIST_X86_KERNELS
extern const LaneKernels kLaneKernelsAvx512;

namespace {

bool has_avx512() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma");
}

}  // namespace

const LaneKernels* lane_kernels() {
  static const bool runs_here = has_avx512();
  return runs_here ? &kLaneKernelsAvx512 : nullptr;
}
#else
const LaneKernels* lane_kernels() {
  return nullptr;
}
#endif

}  // namespace fmnist
