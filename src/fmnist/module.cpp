#include "fmnist/compute.hpp"
#include "fmnist/manifest.hpp"
#include "fmnist/objective.hpp"

extern "C" [[gnu::visibility("default")]] const tune::ObjectiveModule tune_objective_module{
    .manifest = &fmnist::manifest,
    .create = [](const tune::ObjectiveConfig& config) -> std::unique_ptr<tune::Objective> {
      return std::make_unique<fmnist::Objective>(config);
    },
    .devices = &fmnist::available_devices,
};
