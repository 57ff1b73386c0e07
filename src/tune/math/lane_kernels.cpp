#include "tune/math/lane_kernels.hpp"

namespace tune::math {
namespace {

const LaneKernels& fastest() {
  if (const LaneKernels* kernels = avx2_kernels()) return *kernels;
  return baseline_kernels();
}

}  // namespace

const LaneKernels& lane_kernels() {
  static const LaneKernels& chosen = fastest();
  return chosen;
}

}  // namespace tune::math
