#include "fmnist/compute.hpp"
#include "fmnist/manifest.hpp"
#include "fmnist/model.hpp"
#include "fmnist/objective.hpp"

extern "C" [[gnu::visibility("default")]] const tune::ObjectiveModule tune_objective_module{
    .manifest = &fmnist::manifest,
    .create = [](const tune::ObjectiveConfig& config) -> std::unique_ptr<tune::Objective> {
      return std::make_unique<fmnist::Objective>(config);
    },
    .devices = &fmnist::available_devices,
    .load_model = [](const tune::ModelFile& file, const std::string& device) -> std::unique_ptr<tune::Model> {
      fmnist::use_one_thread();
      return std::make_unique<fmnist::Model>(file, device);
    },
};
