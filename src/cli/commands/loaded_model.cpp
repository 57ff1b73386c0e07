#include "cli/commands/loaded_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/output/table.hpp"
#include "cli/run/model_metadata.hpp"
#include "cli/run/module_loader.hpp"
#include "fmnist/environment.hpp"
#include "fmnist/manifest.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

std::string text_in(const tune::ModelFile& file, const char* key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? std::string() : found->second;
}

/// A file does not choose what is loaded beyond the parts of this program.
std::string type_of(const tune::ModelFile& file) {
  std::string type = text_in(file, kModelObjectiveKey);
  if (type == fmnist::manifest().type) return type;
  throw tune::FormatError(
      fmt::format("it is of objective \"{}\", which is no part of this program", printable(type)));
}

}  // namespace

void add_model_options(po::options_description& options) {
  options.add_options()("device", po::value<std::string>()->value_name("DEVICE")->default_value("cpu"),
                        "where to compute");
}

std::filesystem::path model_argument(const po::variables_map& values, const CommandHelp& help) {
  const auto path = text_option(values, "MODEL");
  if (!path) throw UsageError(fmt::format("which model?\nusage: {}", help.usage));
  return *path;
}

const tune::ObjectiveModule& load_model_module(const std::string& type, const std::string& device) {
  const auto& module = load_module(type);
  if (module.load_model == nullptr) throw tune::Error(fmt::format("objective \"{}\" keeps no models", type));
  const auto devices = module.devices();
  if (std::find(devices.begin(), devices.end(), device) != devices.end()) return module;
  throw UsageError(fmt::format("--device: expected one of {}, found \"{}\"", fmt::join(devices, ", "), device));
}

LoadedModel load_model(const std::filesystem::path& path, const po::variables_map& values) {
  const std::string device = *text_option(values, "device");
  try {
    LoadedModel loaded{tune::read_model(path), nullptr};
    try {
      const std::string type = type_of(loaded.file);
      fmnist::set_library_environment();
      loaded.model = load_model_module(type, device).load_model(loaded.file, device);
      return loaded;
    } catch (const tune::FormatError& error) {
      throw tune::FormatError(fmt::format("{}: {}", path.string(), error.what()));
    }
  } catch (const tune::FormatError& error) {
    throw tune::FormatError(printable(error.what()));  // Names in the file may be anything.
  }
}

ModelReport report_of(const std::filesystem::path& path, const tune::ModelFile& file, const tune::Model& model,
                      const tune::ClassifierTest& test) {
  return {.path = path.string(),
          .study = text_in(file, kModelStudyKey),
          .trial = text_in(file, kModelTrialKey),
          .parameter_count = model.parameter_count(),
          .test = test};
}

}  // namespace fmnist_tune
