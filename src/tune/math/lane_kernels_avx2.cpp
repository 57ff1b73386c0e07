#include "tune/math/lane_kernels.hpp"

// The build compiles this file for avx2 where the compiler can; elsewhere it holds nothing.
#ifdef __AVX2__
#include "tune/math/lane_kernels_body.hpp"

namespace tune::math {

const LaneKernels* avx2_kernels() {
  return __builtin_cpu_supports("avx2") ? &kKernels : nullptr;
}

}  // namespace tune::math
#else
namespace tune::math {

const LaneKernels* avx2_kernels() {
  return nullptr;
}

}  // namespace tune::math
#endif
