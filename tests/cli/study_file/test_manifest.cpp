#include "test_manifest.hpp"

#include <cstdint>
#include <string>

namespace fmnist_tune::testing {
namespace {

using tune::OptionKind;
using tune::OptionSpec;
using tune::ParamValue;

std::vector<OptionSpec> parameters() {
  const auto integer = [](std::int64_t value) { return ParamValue(value); };
  return {
      {.name = "lr", .kind = OptionKind::kFloat, .default_value = 1e-3, .low = 0.0, .low_excluded = true},
      {.name = "optimizer",
       .kind = OptionKind::kChoice,
       .default_value = std::string("adam"),
       .choices = {std::string("sgd"), std::string("adam"), std::string("rmsprop")}},
      {.name = "momentum",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1.0,
       .high_excluded = true},
      {.name = "batch_size", .kind = OptionKind::kInt, .default_value = integer(64), .low = 1.0},
      {.name = "depth", .kind = OptionKind::kInt, .default_value = integer(2), .low = 0.0, .high = 5000.0},
      {.name = "width", .kind = OptionKind::kInt, .default_value = integer(64), .low = 1.0, .per_layer = true},
      {.name = "dropout",
       .kind = OptionKind::kFloat,
       .default_value = 0.0,
       .low = 0.0,
       .high = 1.0,
       .high_excluded = true,
       .per_layer = true},
      {.name = "batch_norm", .kind = OptionKind::kBool, .default_value = false},
      {.name = "tag", .kind = OptionKind::kString, .default_value = ParamValue()},
  };
}

tune::ObjectiveManifest make() {
  tune::ObjectiveManifest manifest;
  manifest.type = "toy";
  manifest.parameters = parameters();
  manifest.settings = {
      {.name = "epochs", .kind = OptionKind::kInt, .default_value = std::int64_t{10}, .low = 1.0},
      {.name = "dataset", .kind = OptionKind::kString, .default_value = std::string("toy-set")}};
  manifest.metrics = {{"accuracy", tune::Direction::kMaximize, "Share of right answers.", true},
                      {"seconds", tune::Direction::kMinimize, "Time of a trial.", false, true}};
  return manifest;
}

}  // namespace

const tune::ObjectiveManifest& test_manifest() {
  static const tune::ObjectiveManifest manifest = make();
  return manifest;
}

}  // namespace fmnist_tune::testing
