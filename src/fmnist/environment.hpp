#pragma once

namespace fmnist {

/// Sets what numeric libraries read from the environment when they are loaded: one thread each for OpenBLAS
/// and OpenMP, no preset OpenBLAS kernel or cache size. A worker is a core; a library with threads of its own
/// makes a step several times slower. cuBLAS, unless told otherwise, works in fixed memory: else products in
/// several streams would not come out the same each time. Call it before the module is loaded and before any
/// thread starts: the environment is not protected against concurrent use.
void set_library_environment();

}  // namespace fmnist
