#include "cli/study_file/module_manifest.hpp"

#include <fmt/format.h>

#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

using tune::OptionKind;

tune::OptionSpec path_setting() {
  return {.name = kModulePathSetting,
          .kind = OptionKind::kString,
          .default_value = {},
          .description = "The shared library, from the folder of the study file on.",
          .required = true};
}

tune::OptionSpec any(const char* description) {
  return {.name = tune::kAnyName, .kind = OptionKind::kAny, .default_value = {}, .description = description};
}

tune::ObjectiveManifest make() {
  tune::ObjectiveManifest manifest;
  manifest.type = "module";
  manifest.parameters = {any("Whatever the module knows.")};
  manifest.settings = {path_setting(), any("Whatever the module knows.")};
  manifest.metrics = {{tune::kAnyName, tune::Direction::kMinimize, "Whatever the module measures.", true}};
  return manifest;
}

}  // namespace

const tune::ObjectiveManifest& open_module_manifest() {
  static const tune::ObjectiveManifest kManifest = make();
  return kManifest;
}

std::shared_ptr<const tune::ObjectiveManifest> module_manifest(const tune::ObjectiveManifest& own) {
  auto manifest = std::make_shared<tune::ObjectiveManifest>(own);
  manifest->type = open_module_manifest().type;
  for (const tune::OptionSpec& setting : own.settings) {
    if (setting.name != kModulePathSetting && setting.name != "type") continue;
    throw tune::Error(
        fmt::format("the module \"{}\" has a setting \"{}\", which is the program's own; rename it", own.type,
                    setting.name));
  }
  manifest->settings.insert(manifest->settings.begin(), path_setting());
  return manifest;
}

}  // namespace fmnist_tune
