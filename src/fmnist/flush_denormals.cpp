#include "fmnist/flush_denormals.hpp"

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace fmnist {

#ifdef __SSE2__
FlushDenormals::FlushDenormals() : before_(_mm_getcsr()) {
  constexpr unsigned kResults = 0x8000;   // FTZ
  constexpr unsigned kOperands = 0x0040;  // DAZ
  _mm_setcsr(before_ | kResults | kOperands);
}

FlushDenormals::~FlushDenormals() {
  _mm_setcsr(before_);
}
#else
FlushDenormals::FlushDenormals() = default;
FlushDenormals::~FlushDenormals() = default;
#endif

}  // namespace fmnist
