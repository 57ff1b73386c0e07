#include "fmnist/torch_part.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "tune/error.hpp"

namespace fmnist {
namespace {

namespace fs = std::filesystem;

/// Of the library or program that this code is part of.
fs::path own_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&torch_part), &info) == 0)
    throw tune::Error("cannot tell where the trainer was loaded from");
  return fs::absolute(info.dli_fname).parent_path();
}

const TorchPart& load() {
  const fs::path folder = own_folder();
  // Beside the module; seen from a program of the build tree that has the trainer in itself.
  const fs::path candidates[] = {folder / TorchPart::kFile, folder / "../lib" / TorchPart::kFile};
  for (const fs::path& path : candidates) {
    if (!fs::exists(path)) continue;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    const void* part = library != nullptr ? dlsym(library, TorchPart::kSymbol) : nullptr;
    if (part != nullptr) return *static_cast<const TorchPart*>(part);
    throw tune::Error(fmt::format("cannot load {}: {}\nIs LibTorch installed where it was when this was built?",
                                  path.lexically_normal().string(), dlerror()));
  }
  throw tune::Error(
      fmt::format("{} is not there; looked for\n  {}\n  {}\nInstall or build it (target "
                  "tune_fmnist_torch) and keep it beside tune_fmnist.so.",
                  TorchPart::kFile, candidates[0].string(), candidates[1].lexically_normal().string()));
}

}  // namespace

const TorchPart& torch_part() {
  static const TorchPart& part = load();
  return part;
}

}  // namespace fmnist
