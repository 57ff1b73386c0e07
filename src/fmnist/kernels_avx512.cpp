#define FMNIST_KERNELS kKernelsAvx512
#define FMNIST_KERNELS_NAME "avx512"
#include "fmnist/kernels.inl"
