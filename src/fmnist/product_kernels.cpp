#include "fmnist/product_kernels.hpp"

namespace fmnist {

bool is_sparse(const FloatProduct& product, const ProductKernels& kernels) {
  // Over Zen 4 multiply_sparse took longer with one register of columns, and with a larger share not 0.
  constexpr std::size_t kOneRegister = 16;
  constexpr double kMostNotZero = 0.45;
  if (product.n <= kOneRegister) return false;
  const std::size_t numbers = product.m * product.k;
  return static_cast<double>(kernels.count_not_zero(numbers, product.a)) <
         kMostNotZero * static_cast<double>(numbers);
}

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
