#include "cli/run/module_loader.hpp"

#include <fmt/format.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <memory>
#include <system_error>

#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void complain_missing(const std::string& type, const std::vector<fs::path>& candidates) {
  std::string places;
  for (const fs::path& path : candidates) places += "\n  " + path.lexically_normal().string();
  throw tune::Error(
      fmt::format("the module that runs \"{}\" trials is not there; looked for{}\nInstall or build it (target "
                  "tune_{}) and keep it beside the program as it was installed.",
                  type, places, type));
}

const tune::ObjectiveModule& entry_of(const boost::dll::shared_library& library, const fs::path& path) {
  if (!library.has(tune::ObjectiveModule::kSymbol)) {
    throw tune::Error(fmt::format("{} is not an objective module: it lacks the symbol {}", path.string(),
                                  tune::ObjectiveModule::kSymbol));
  }
  const auto& module = library.get<const tune::ObjectiveModule>(tune::ObjectiveModule::kSymbol);
  if (module.abi_version != tune::ObjectiveModule::kAbiVersion) {
    throw tune::Error(
        fmt::format("{} was built for version {} of the module interface, this program has version {}; rebuild "
                    "both together",
                    path.string(), module.abi_version, tune::ObjectiveModule::kAbiVersion));
  }
  return module;
}

}  // namespace

std::vector<fs::path> module_candidates(const std::string& type, const fs::path& program_folder) {
  const std::string file = "tune_" + type + ".so";
  return {program_folder / file, program_folder / "../lib" / file,
          program_folder / FMNIST_TUNE_MODULE_DIR / file, program_folder / "../lib/fmnist-tune" / file};
}

const tune::ObjectiveModule& load_module(const std::string& type) {
  const auto candidates = module_candidates(type, boost::dll::program_location().parent_path());
  for (const fs::path& path : candidates) {
    if (!fs::exists(path)) continue;
    try {
      auto library = std::make_unique<boost::dll::shared_library>(path, boost::dll::load_mode::rtld_now);
      const auto& module = entry_of(*library, path);
      // Given up on purpose: the destructor would unload it.
      static_cast<void>(library.release());
      return module;
    } catch (const std::system_error& error) {
      throw tune::Error(fmt::format("cannot load {}: {}\nIs LibTorch installed where the module expects it?",
                                    path.lexically_normal().string(), error.what()));
    }
  }
  complain_missing(type, candidates);
}

}  // namespace fmnist_tune
