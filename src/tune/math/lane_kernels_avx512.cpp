#include "tune/math/lane_kernels.hpp"

// The build compiles this file for avx512 where the compiler can; elsewhere it holds nothing.
#ifdef __AVX512DQ__
#include "tune/math/lane_kernels_body.hpp"

namespace tune::math {

const LaneKernels* avx512_kernels() {
  const bool supported = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                         __builtin_cpu_supports("avx512vl");
  return supported ? &kKernels : nullptr;
}

}  // namespace tune::math
#else
namespace tune::math {

const LaneKernels* avx512_kernels() {
  return nullptr;
}

}  // namespace tune::math
#endif
