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
  if (module.manifest == nullptr || module.create == nullptr || module.devices == nullptr) {
    throw tune::Error(fmt::format(
        "{} is not a complete objective module: manifest, create and devices must be set", path.string()));
  }
  return module;
}

/// `advice` is what to do when the system cannot load it.
const tune::ObjectiveModule& load(const fs::path& path, const char* advice) {
  try {
    auto library = std::make_unique<boost::dll::shared_library>(path, boost::dll::load_mode::rtld_now);
    const auto& module = entry_of(*library, path);
    // Given up on purpose: the destructor would unload it.
    static_cast<void>(library.release());
    return module;
  } catch (const std::system_error& error) {
    throw tune::Error(
        fmt::format("cannot load {}: {}\n{}", path.lexically_normal().string(), error.what(), advice));
  }
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
    if (fs::exists(path)) return load(path, "Is LibTorch installed where the module expects it?");
  }
  complain_missing(type, candidates);
}

const tune::ObjectiveModule& load_module_file(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    throw tune::Error(fmt::format(
        "the module {} is not there; relative paths begin in the folder of the study file", path.string()));
  }
  return load(
      path, "Is it a shared library that was built for this version of tune, and are its libraries installed?");
}

}  // namespace fmnist_tune
