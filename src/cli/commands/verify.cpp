#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/registry.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/module_loader.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/rehearsal.hpp"
#include "cli/run/study_check.hpp"
#include "cli/study_file/remapping.hpp"
#include "fmnist/environment.hpp"
#include "tune/error.hpp"
#include "tune/running_trial.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune verify DB --trial N [options]",
    "Trains a trial again from nothing but its file, and says whether what came out is the same bit for bit: "
    "its\n"
    "values, intermediate values and curves. Nothing is written. That is promised for one build of the "
    "program\n"
    "and of LibTorch, one family of processors, one engine and the same data; elsewhere the answer is \"not\n"
    "comparable\", with what is different.\n"
    "\n"
    "Exit codes: 0 identical, 1 different or not comparable.",
    "  fmnist-tune verify mlp.db --trial 17\n"
    "  fmnist-tune verify mlp.db --trial 17 --study mlp --data datasets -f json"};

/// Members of "objective" that would name something to run.
constexpr const char* kRunnable[] = {"module", "command"};

po::options_description own_options() {
  po::options_description options("Options");
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add_study_option(options);
  options.add_options()("trial", text("N"), "number of the trial, COMPLETE or PRUNED")(
      "data", text("DIR"), "folder with the data set; default: where the system's packages put it")(
      "device", text("DEVICE"), "where to train; default: the first device that the study was trained on")(
      "trust", "run what the file names also when that is no part of this program");
  return options;
}

enum class Verdict : std::uint8_t { kIdentical, kDifferent, kNotComparable };

struct Answer {
  tune::TrialNumber number;
  Verdict verdict = Verdict::kIdentical;
  std::vector<std::string> reasons;
};

/// What is trained again, as the file has it.
struct Subject {
  tune::StudyRecord study;
  tune::FrozenTrial trial;
};

tune::FrozenTrial trial_of(tune::SqliteReader& reader, const tune::StudyRecord& study, std::int64_t number) {
  const auto found = reader.trials(study.id, {.number = tune::TrialNumber{number}, .with_intermediate = true});
  if (found.empty()) throw UsageError(fmt::format("study \"{}\" has no trial {}", study.name, number));
  return found.front();
}

Subject read_subject(const po::variables_map& values) {
  const auto number = whole_number_option(values, "trial", 0);
  if (!number)
    throw UsageError(fmt::format("which trial? Give its number with --trial\nusage: {}", kHelp.usage));
  auto reader = open_for_query(values);
  auto study = study_of_query(reader, values);
  auto trial = trial_of(reader, study, *number);
  return {std::move(study), std::move(trial)};
}

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
  if (is_own && !names_runnable) return;
  throw UsageError(fmt::format(
      "the file wants to run objective {}, which is no part of this program; give --trust if you trust whoever "
      "wrote the file",
      objective.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

StudyConfig config_of(const Subject& subject, const po::variables_map& values) {
  const auto text = kept_study_file(subject.study);
  if (!text) {
    throw tune::StorageError(fmt::format(
        "study \"{}\" keeps no study file: how its trials were trained is not known", subject.study.name));
  }
  check_trust(*text, values);
  return parse_study_text(*text, "the study file kept in the storage", known_manifests());
}

std::string data_folder(const po::variables_map& values) {
  const std::string folder = text_option(values, "data").value_or("");
  std::error_code ignored;
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    throw UsageError(fmt::format("--data: there is no folder {}", folder));
  }
  return folder;
}

/// The device, or an empty text when the study does not say what trained it.
std::string device_of(const po::variables_map& values, const Json& engines) {
  if (const auto device = text_option(values, "device")) return *device;
  return engines.empty() ? std::string() : engines.begin().key();
}

tune::ObjectiveConfig objective_config(const StudyConfig& config, const std::string& device,
                                       const Json& engines, const std::string& data) {
  auto settings = config.objective.settings.all();
  if (const auto engine = engines.find(device); engine != engines.end() && engine->is_string()) {
    const auto text = engine->get<std::string>();
    settings[kEngineSetting] = text.substr(0, text.find(' '));  // What follows is a detail.
  }
  std::vector<std::string> metrics;
  for (const ObjectiveGoal& goal : config.objectives) metrics.push_back(goal.metric);
  return {tune::OptionValues(std::move(settings)), std::move(metrics), data, {device}};
}

/// What a trial's training is keyed by; a copy's trial by what it was begun with.
struct TrainingKey {
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
};

TrainingKey training_key(const Subject& subject, const StudyConfig& config) {
  const auto copied = copied_from(subject.trial);
  const auto number = copied ? copied->number : static_cast<std::uint64_t>(subject.trial.number.value);
  if (config.training_seed) {
    return {*config.training_seed, number % static_cast<std::uint64_t>(config.replicates)};
  }
  return {copied && copied->seed ? *copied->seed : kept_seed(subject.study), number};
}

Rehearsal rehearsal_of(const Subject& subject, const StudyConfig& config, const std::string& device) {
  tune::ParamValues suggested;
  for (const tune::Param& param : subject.trial.params) suggested.emplace(param.name, param.external());
  const auto& parameters = manifest_of(known_manifests(), config.objective.type).parameters;
  const TrainingKey key = training_key(subject, config);
  return {tune::complete_params(suggested, config.fixed, parameters), {.device = device}, key.seed, key.trial};
}

/// Of each objective, whether it is another number each time.
std::vector<bool> measured_objectives(const StudyConfig& config) {
  const auto& metrics = manifest_of(known_manifests(), config.objective.type).metrics;
  std::vector<bool> is_measured;
  for (const ObjectiveGoal& goal : config.objectives) {
    is_measured.push_back(std::any_of(metrics.begin(), metrics.end(), [&](const tune::MetricSpec& metric) {
      return metric.name == goal.metric && metric.is_measured;
    }));
  }
  return is_measured;
}

/// Nothing for a trial that was trained.
std::optional<std::string> rejection_of(const tune::FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(tune::kReasonKey);
  const Json reason = stored == trial.system_attrs.end() ? Json() : json_of_attribute(stored->second);
  const auto* text = reason.get_ptr<const std::string*>();
  if (trial.state != tune::TrialState::kPruned || text == nullptr) return std::nullopt;
  return text->starts_with(tune::kRejectedReason) ? std::optional(*text) : std::nullopt;
}

/// A trial that was rejected for its cost was not trained: it is held against the limits again. Those may
/// have changed since.
Answer judge_again(const Subject& subject, const std::string& stored, const tune::CostVerdict& now) {
  const bool was_begun = !subject.trial.intermediate.empty();
  if (now.reason == stored && !was_begun) return {subject.trial.number, Verdict::kIdentical, {}};
  return {subject.trial.number,
          Verdict::kNotComparable,
          {was_begun ? "it had begun when a limit on its cost ended it"
                     : fmt::format("it was not trained: {}; now the study's limits {}", stored,
                                   now.is_rejected() ? "say: " + now.reason : "let it run")}};
}

Answer train_again(const Subject& subject, const StudyConfig& config, const po::variables_map& values) {
  const Json facts = kept_facts(subject.study);
  const Json engines = engines_of(facts);
  const std::string device = device_of(values, engines);
  if (device.empty()) {
    return {subject.trial.number,
            Verdict::kNotComparable,
            {"the study does not say what its trials were trained with"}};
  }
  fmnist::set_library_environment();
  const auto& module = load_module(config.objective.type);
  const auto objective = module.create(objective_config(config, device, engines, data_folder(values)));
  if (auto reasons = unlike_provenance(facts, objective->provenance(), device); !reasons.empty()) {
    return {subject.trial.number, Verdict::kNotComparable, std::move(reasons)};
  }
  const Rehearsal rehearsal = rehearsal_of(subject, config, device);
  if (const auto rejection = rejection_of(subject.trial)) {
    const auto estimate = objective->estimate(rehearsal.params);
    return judge_again(subject, *rejection, tune::judge_cost(estimate, cost_limits_of(config.limits)));
  }
  const auto rehearsed = rehearse(*objective, subject.trial, rehearsal);
  const auto difference = first_difference(subject.trial, rehearsed, measured_objectives(config));
  if (difference) return {subject.trial.number, Verdict::kDifferent, {*difference}};
  return {subject.trial.number, Verdict::kIdentical, {}};
}

Answer verify(const po::variables_map& values) {
  const Subject subject = read_subject(values);
  const auto state = subject.trial.state;
  if (state != tune::TrialState::kComplete && state != tune::TrialState::kPruned) {
    return {subject.trial.number,
            Verdict::kNotComparable,
            {fmt::format("it is {}: there is no result to compare with", tune::to_string(state))}};
  }
  return train_again(subject, config_of(subject, values), values);
}

const char* text_of(Verdict verdict) {
  if (verdict == Verdict::kIdentical) return "identical";
  return verdict == Verdict::kDifferent ? "different" : "not comparable";
}

std::string text_of(const Answer& answer, Format format) {
  if (format == Format::kJson) {
    return to_text(
        {{"number", answer.number.value}, {"verdict", text_of(answer.verdict)}, {"reasons", answer.reasons}});
  }
  const std::string reasons = fmt::format("{}", fmt::join(answer.reasons, "; "));
  if (format == Format::kCsv) {
    return to_csv({{"number", "verdict", "reasons"},
                   {{answer.number.value, std::string(text_of(answer.verdict)), reasons}}});
  }
  return fmt::format("trial {}: {}{}{}\n", answer.number.value, text_of(answer.verdict),
                     reasons.empty() ? "" : ": ", printable(reasons));
}

}  // namespace

int verify_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const Answer answer = verify(*values);
  fmt::print("{}", text_of(answer, format));
  return to_int(answer.verdict == Verdict::kIdentical ? ExitCode::kDone : ExitCode::kFailed);
}

}  // namespace fmnist_tune
