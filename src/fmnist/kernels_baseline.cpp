#define FMNIST_KERNELS kKernelsBaseline
#define FMNIST_KERNELS_NAME "baseline"
#include "fmnist/kernels.inl"
