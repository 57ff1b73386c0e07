#include "fmnist/tile_kernels.hpp"

#include "fmnist/product_kernels.hpp"

#ifdef FMNIST_X86_KERNELS
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fmnist {

extern const TileKernels kTileKernelsPortable;
#ifdef FMNIST_X86_KERNELS
extern const TileKernels kTileKernelsAvx512Bf16;
extern const TileKernels kTileKernelsAmx;
#endif

namespace {

#ifdef FMNIST_X86_KERNELS
/// Linux saves the tiles' registers only for processes that ask for it.
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

/// Pairs need product_kernels(), which gather images for them. These ask for AVX2, FMA, AVX-512 F and BW, which
/// are needed here, too.
bool has_avx512_bf16() {
  return product_kernels() != nullptr && __builtin_cpu_supports("avx512bf16") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool has_amx() {
  return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && may_use_tiles();
}
#endif

std::vector<const TileKernels*> usable() {
  std::vector<const TileKernels*> sets;
#ifdef FMNIST_X86_KERNELS
  __builtin_cpu_init();
  if (has_avx512_bf16() && has_amx()) sets.push_back(&kTileKernelsAmx);
  if (has_avx512_bf16()) sets.push_back(&kTileKernelsAvx512Bf16);
#endif
  sets.push_back(&kTileKernelsPortable);
  return sets;
}

}  // namespace

const std::vector<const TileKernels*>& tile_kernels() {
  static const std::vector<const TileKernels*> sets = usable();
  return sets;
}

const TileKernels* piece_kernels(std::size_t rows) {
  constexpr std::size_t kFewestRows = 32;
  const TileKernels* fastest = tile_kernels().front();
  return fastest->has_fast_pieces && rows >= kFewestRows ? fastest : nullptr;
}

}  // namespace fmnist
