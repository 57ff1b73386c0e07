#include "cli/commands/stored_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/run_options.hpp"
#include "cli/run/study_check.hpp"
#include "cli/study_file/remapping.hpp"
#include "tune/error.hpp"
#include "tune/running_trial.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

/// Members of "objective" that would name something to run.
constexpr const char* kRunnable[] = {"path", "command"};

/// What runs comes from the database here, not from a file that a person named: only this program's own
/// objective runs unasked.
void check_trust(const std::string& text, const po::variables_map& values) {
  if (values.contains("trust")) return;
  const Json file = Json::parse(text, nullptr, false);
  if (!file.is_object()) return;  // Nothing that could be run; whoever reads it says what is wrong.
  const Json objective = file.value("objective", Json::object());
  const Json type = objective.is_object() ? objective.value("type", Json()) : Json();
  const Manifests known = known_manifests();
  const bool is_own = type.is_string() && std::any_of(known.begin(), known.end(), [&](const auto* manifest) {
                        return manifest->type == type.get<std::string>();
                      });
  const bool names_runnable = std::any_of(std::begin(kRunnable), std::end(kRunnable),
                                          [&](const char* key) { return objective.contains(key); });
  // Without a type nothing runs: whoever reads the file says that it has none.
  if ((is_own || type.is_null()) && !names_runnable) return;
  throw UsageError(fmt::format(
      "the file wants to run objective {}, which is no part of this program; give --trust if you trust whoever "
      "wrote the file",
      objective.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

}  // namespace

void add_training_options(po::options_description& options) {
  add_data_option(options);
  options.add_options()("device", po::value<std::string>()->value_name("DEVICE"),
                        "where to train; default: the first device that the study was trained on")(
      "trust", "run what the file names also when that is no part of this program");
}

tune::FrozenTrial stored_trial(tune::SqliteReader& reader, const tune::StudyRecord& study,
                               std::int64_t number) {
  const auto found = reader.trials(study.id, {.number = tune::TrialNumber{number}, .with_intermediate = true});
  if (found.empty()) throw UsageError(fmt::format("study \"{}\" has no trial {}", study.name, number));
  return found.front();
}

StudyConfig config_of(const tune::StudyRecord& study, const po::variables_map& values) {
  const auto text = kept_study_file(study);
  if (!text) {
    throw tune::StorageError(
        fmt::format("study \"{}\" keeps no study file: how its trials were trained is not known", study.name));
  }
  check_trust(*text, values);
  return kept_config(study, known_manifests()).value();
}

std::string training_device(const po::variables_map& values, const Json& engines) {
  if (const auto device = text_option(values, "device")) return *device;
  return engines.empty() ? std::string() : engines.begin().key();
}

std::unique_ptr<tune::Objective> make_objective(const LoadedObjective& loaded, const StudyConfig& config,
                                                const std::string& device, const Json& engines,
                                                const std::string& data) {
  auto wanted = loaded.objective_config(config, data, {device});
  auto objective = loaded.module().create(wanted);
  const auto recorded = engines.find(device);
  const Json now = engines_of(Json::parse(provenance_json(loaded.provenance(*objective, {device}))));
  // What follows the first word is a detail.
  const auto kind = [](const Json& engine) {
    const auto text = engine.is_string() ? engine.get<std::string>() : std::string();
    return text.substr(0, text.find(' '));
  };
  if (recorded == engines.end() || kind(*recorded).empty() ||
      kind(now.value(device, Json())) == kind(*recorded))
    return objective;
  auto settings = config.objective.settings.all();
  settings[kEngineSetting] = kind(*recorded);
  wanted.settings = tune::OptionValues(std::move(settings));
  return loaded.module().create(wanted);
}

TrainingKey training_key(const StoredTrial& stored, const StudyConfig& config) {
  const auto copied = copied_from(stored.trial);
  const auto number = copied ? copied->number : static_cast<std::uint64_t>(stored.trial.number.value);
  if (config.training_seed) {
    return {*config.training_seed, number % static_cast<std::uint64_t>(config.replicates)};
  }
  return {copied && copied->seed ? *copied->seed : kept_seed(stored.study), number};
}

tune::ParamValues complete_params(const tune::FrozenTrial& trial, const StudyConfig& config,
                                  const tune::ObjectiveManifest& manifest) {
  tune::ParamValues suggested;
  for (const tune::Param& param : trial.params) suggested.emplace(param.name, param.external());
  return tune::complete_params(suggested, config.fixed, manifest.parameters);
}

}  // namespace fmnist_tune
