#include "command/manifest.hpp"

namespace command {
namespace {

using tune::OptionKind;

/// Beyond what a clock counts nothing is a time.
constexpr double kMostSeconds = 1e9;

std::vector<tune::OptionSpec> settings() {
  return {{.name = kCommandSetting,
           .kind = OptionKind::kCommand,
           .default_value = {},
           .description = "The program and its arguments; {name} in an argument stands for a parameter.",
           .required = true},
          {.name = kTimeoutSetting,
           .kind = OptionKind::kFloat,
           .default_value = {},
           .low = 0.0,
           .high = kMostSeconds,
           .low_excluded = true,
           .description = "Seconds after which the program is stopped and its trial is FAIL."},
          {.name = kGraceSetting,
           .kind = OptionKind::kFloat,
           .default_value = 5.0,
           .low = 0.0,
           .high = kMostSeconds,
           .description = "Seconds that a program has to end after SIGTERM, before SIGKILL."},
          {.name = kLogSetting,
           .kind = OptionKind::kInt,
           .default_value = std::int64_t{16},
           .low = 0.0,
           .high = 1048576.0,
           .description = "MiB of a trial's output that are kept; 0: no logs."}};
}

tune::ObjectiveManifest make() {
  tune::ObjectiveManifest manifest;
  manifest.type = "command";
  manifest.parameters = {{.name = tune::kAnyName,
                          .kind = OptionKind::kAny,
                          .default_value = {},
                          .description = "Whatever the program wants to know."}};
  manifest.settings = settings();
  manifest.metrics = {
      {tune::kAnyName, tune::Direction::kMinimize, "What the program's values are called.", true}};
  return manifest;
}

}  // namespace

const tune::ObjectiveManifest& manifest() {
  static const tune::ObjectiveManifest kManifest = make();
  return kManifest;
}

}  // namespace command
