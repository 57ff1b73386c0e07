#include "fmnist/environment.hpp"

#include <cstdlib>

namespace fmnist {

void set_library_environment() {
  ::setenv("OPENBLAS_NUM_THREADS", "1", 1);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  ::unsetenv("OPENBLAS_CORETYPE");
  ::unsetenv("OPENBLAS_L2_SIZE");
}

}  // namespace fmnist
