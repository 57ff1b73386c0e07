#pragma once

#include <boost/program_options.hpp>
#include <filesystem>
#include <memory>

#include "cli/options.hpp"
#include "cli/output/model_report.hpp"
#include "tune/objective.hpp"

/// What the commands that make or use a model have in common.
namespace fmnist_tune {

/// Declares `--device`.
void add_model_options(boost::program_options::options_description& options);

/// The argument MODEL. Throws UsageError when there is none.
[[nodiscard]] std::filesystem::path model_argument(const boost::program_options::variables_map& values,
                                                   const CommandHelp& help);

struct LoadedModel {
  tune::ModelFile file;
  std::unique_ptr<tune::Model> model;
};

/// Reads a model and loads the module that it is of, which must be a part of this program. Throws FormatError
/// that names the path, UsageError for a device that this machine lacks.
[[nodiscard]] LoadedModel load_model(const std::filesystem::path& path,
                                     const boost::program_options::variables_map& values);

/// The module of a type, loaded. Throws Error when it keeps no models, UsageError when it cannot use the
/// device. Call `fmnist::set_library_environment` first.
[[nodiscard]] const tune::ObjectiveModule& load_model_module(const std::string& type,
                                                             const std::string& device);

[[nodiscard]] ModelReport report_of(const std::filesystem::path& path, const tune::ModelFile& file,
                                    const tune::Model& model, const tune::ClassifierTest& test);

}  // namespace fmnist_tune
