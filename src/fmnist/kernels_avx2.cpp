#define FMNIST_KERNELS kKernelsAvx2
#define FMNIST_KERNELS_NAME "avx2"
#include "fmnist/kernels.inl"
