#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "cli/command.hpp"
#include "cli/commands/loaded_model.hpp"
#include "cli/commands/output_place.hpp"
#include "cli/commands/query.hpp"
#include "cli/commands/stored_trial.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/table.hpp"
#include "cli/registry.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/model_metadata.hpp"
#include "cli/run/model_training.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/run_options.hpp"
#include "cli/run/signals.hpp"
#include "cli/run/study_check.hpp"
#include "cli/version.hpp"
#include "fmnist/environment.hpp"
#include "fmnist/manifest.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using End = tune::TrialResult::End;

const CommandHelp kHelp = {
    "fmnist-tune retrain DB [options]",
    "Trains the network of a trial once more, on the training and validation examples together, for the "
    "study's\n"
    "epochs and with the trial's own seed; tests it once on the test set, and keeps it in a file for "
    "`evaluate`\n"
    "and `predict`, in the safetensors format. Without --trial it is the best trial of a study with one\n"
    "objective. The database is not changed. Ctrl-C ends it without a file.",
    "  fmnist-tune retrain mlp.db\n"
    "  fmnist-tune retrain mlp.db --trial 17 -o models/best.safetensors -f json"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()("trial", po::value<std::string>()->value_name("N"),
                        "number of the trial, COMPLETE or PRUNED; default: the best one");
  add_training_options(options);
  add_output_options(options, "the model's file; default: STUDY.trial-N.safetensors beside the database");
  return options;
}

tune::FrozenTrial best_trial(tune::SqliteReader& reader, const tune::StudyRecord& study) {
  if (study.directions.size() > 1) {
    throw UsageError(
        fmt::format("study \"{}\" has {} objectives, so no single trial is the best: name one with --trial; "
                    "best-trials shows "
                    "those that no other one beats",
                    study.name, study.directions.size()));
  }
  auto best = reader.best_trial(study.id);
  if (!best) throw tune::Error(fmt::format("study \"{}\" has no COMPLETE feasible trial yet", study.name));
  return std::move(*best);
}

StoredTrial read_subject(const po::variables_map& values) {
  const auto number = whole_number_option(values, "trial", 0);
  auto reader = open_for_query(values);
  const auto study = study_of_query(reader, values);
  StoredTrial subject{study, number ? stored_trial(reader, study, *number) : best_trial(reader, study)};
  const auto state = subject.trial.state;
  if (state == tune::TrialState::kComplete || state == tune::TrialState::kPruned) return subject;
  throw UsageError(fmt::format("trial {} is {}: only a COMPLETE or PRUNED one is retrained",
                               subject.trial.number.value, tune::to_string(state)));
}

/// The name may be another program's: it stays inside the folder, and one word.
std::string plain(std::string name) {
  for (char& letter : name) {
    if (letter == '/' || letter == '\\' || static_cast<unsigned char>(letter) < 0x20) letter = '_';
  }
  if (name.empty() || name.front() == '.') name.insert(0, "_");
  return name;
}

fs::path place_of(const po::variables_map& values, const StoredTrial& subject) {
  if (const auto given = text_option(values, "output")) return *given;
  return path_of_query(values).parent_path() /
         fmt::format("{}.trial-{}.safetensors", plain(subject.study.name), subject.trial.number.value);
}

/// All that is known before something is loaded.
struct Job {
  StoredTrial subject;
  StudyConfig config;
  std::string device;
  std::string data;
  fs::path place;
};

/// Before anybody is asked to trust a file for nothing.
void check_keeps_models(const tune::StudyRecord& study) {
  const auto config = kept_config(study, known_manifests());
  if (!config || config->objective.type == fmnist::manifest().type) return;
  throw UsageError(fmt::format(
      "study \"{}\" is searched with an objective of type \"{}\", which keeps its models itself: train with "
      "the parameters that \"fmnist-tune best-trial\" prints",
      study.name, config->objective.type));
}

Job job_from(const po::variables_map& values) {
  StoredTrial subject = read_subject(values);
  check_keeps_models(subject.study);
  StudyConfig config = config_of(subject.study, values);
  std::string device = training_device(values, engines_of(kept_facts(subject.study)));
  fs::path place = place_of(values, subject);
  check_place(place, values);
  return {std::move(subject), std::move(config), device.empty() ? "cpu" : std::move(device),
          data_folder(values), std::move(place)};
}

std::unique_ptr<tune::Objective> objective_of(const Job& job, const LoadedObjective& loaded) {
  const tune::StudyRecord& study = job.subject.study;
  auto objective = make_objective(loaded, job.config, job.device, engines_of(kept_facts(study)), job.data);
  check_data(study, objective->provenance());
  return objective;
}

/// Nothing when it was stopped.
std::optional<tune::ModelFile> trained(const Job& job, const LoadedObjective& loaded,
                                       tune::Objective& objective, const std::atomic<bool>& stop) {
  const auto number = job.subject.trial.number;
  const TrainingKey key = training_key(job.subject, job.config);
  auto model = train_model(objective,
                           {.number = number,
                            .params = complete_params(job.subject.trial, job.config, loaded.manifest()),
                            .device = job.device,
                            .training_seed = key.seed,
                            .training_trial = key.trial},
                           stop);
  if (model.result.end == End::kInterrupted) return std::nullopt;
  if (model.result.end != End::kComplete)
    throw tune::Error(fmt::format("trial {} leaves no model: {}", number.value, model.result.reason));
  auto& metadata = model.file.metadata;
  metadata[kModelObjectiveKey] = job.config.objective.type;
  metadata[kModelProgramKey] = fmt::format("fmnist-tune {}", kVersion);
  metadata[kModelStudyKey] = job.subject.study.name;
  metadata[kModelTrialKey] = std::to_string(number.value);
  metadata[kModelTrainingKey] = Json{{"seed", key.seed}, {"trial", key.trial}}.dump();
  return std::move(model.file);
}

std::string test_text(const tune::ClassifierTest& test) {
  return Json{{"accuracy", json_number(test.accuracy())},
              {"loss", json_number(test.loss)},
              {"n_examples", test.n_examples()},
              {"data_crc32", fmt::format("{:08x}", test.data_crc32)}}
      .dump();
}

/// Nothing when it was stopped, and then nothing is written.
std::optional<ModelReport> retrain(const Job& job, const po::variables_map& values,
                                   const std::atomic<bool>& stop) {
  const auto& module = load_model_module(job.config.objective.type, job.device);
  const LoadedObjective loaded(job.config, {});
  const auto objective = objective_of(job, loaded);
  say(fmt::format("training the network of trial {} of study {}; Ctrl-C ends it without a model",
                  job.subject.trial.number.value, printable(job.subject.study.name)));
  const auto begin = std::chrono::steady_clock::now();
  auto file = trained(job, loaded, *objective, stop);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  if (!file) return std::nullopt;
  const auto model = module.load_model(*file, job.device);
  const auto test = model->test(job.data);
  if (stop) return std::nullopt;
  file->metadata[kModelTestKey] = test_text(test);
  check_place(job.place, values);
  tune::write_model(job.place, *file);
  ModelReport report = report_of(job.place, *file, *model, test);
  report.training_seconds = time.count();
  return report;
}

}  // namespace

int retrain_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const Job job = job_from(*values);
  fmnist::set_library_environment();
  std::atomic<bool> stop{false};
  std::optional<ModelReport> report;
  const Watch watch{
      .on_first_signal = [](int) { say("stopping: no model is written; a second Ctrl-C ends at once"); },
      .on_second_signal = [](int) {},
      .on_tick = [] {}};
  const auto signal = run_watched([&] { report = retrain(job, *values, stop); }, stop, watch);
  if (!report) return 128 + signal.value_or(0);
  fmt::print("{}", to_text(*report, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
