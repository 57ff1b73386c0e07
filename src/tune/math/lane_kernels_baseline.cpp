#include "tune/math/lane_kernels_body.hpp"

namespace tune::math {

const LaneKernels& baseline_kernels() {
  return kKernels;
}

}  // namespace tune::math
