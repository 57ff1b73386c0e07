#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/commands/stored_trial.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/registry.hpp"
#include "cli/run/objective_loader.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/rehearsal.hpp"
#include "cli/run/run_options.hpp"
#include "cli/run/study_changes.hpp"
#include "cli/run/study_check.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune verify DB --trial N [options]",
    "Trains a trial again from nothing but its file, and says whether what came out is the same bit for bit:\n"
    "its values, intermediate values and curves, but not times and memory, which are measured. Nothing is\n"
    "written. That is promised for one build of the program and of LibTorch, one family of processors, one\n"
    "engine and the same data; elsewhere the answer is \"not comparable\", with what is different.\n"
    "\n"
    "Exit codes: 0 identical, 1 different or not comparable.",
    "  fmnist-tune verify mlp.db --trial 17\n"
    "  fmnist-tune verify mlp.db --trial 17 --study mlp --data datasets -f json"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  options.add_options()("trial", po::value<std::string>()->value_name("N"),
                        "number of the trial, COMPLETE or PRUNED");
  add_training_options(options);
  return options;
}

enum class Verdict : std::uint8_t { kIdentical, kDifferent, kNotComparable };

struct Answer {
  tune::TrialNumber number;
  Verdict verdict = Verdict::kIdentical;
  std::vector<std::string> reasons;
};

StoredTrial read_subject(const po::variables_map& values) {
  const auto number = whole_number_option(values, "trial", 0);
  if (!number)
    throw UsageError(fmt::format("which trial? Give its number with --trial\nusage: {}", kHelp.usage));
  auto reader = open_for_query(values);
  const auto study = study_of_query(reader, values);
  return {study, stored_trial(reader, study, *number)};
}

Rehearsal rehearsal_of(const StoredTrial& subject, const StudyConfig& config,
                       const tune::ObjectiveManifest& manifest, const std::string& device) {
  const TrainingKey key = training_key(subject, config);
  return {complete_params(subject.trial, config, manifest), {.device = device}, key.seed, key.trial};
}

/// Of each objective, whether it is another number each time.
std::vector<bool> measured_objectives(const StudyConfig& config, const tune::ObjectiveManifest& manifest) {
  const auto& metrics = manifest.metrics;
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
Answer judge_again(const StoredTrial& subject, const std::string& stored, const tune::CostVerdict& now) {
  const bool was_begun = !subject.trial.intermediate.empty();
  if (now.reason == stored && !was_begun) return {subject.trial.number, Verdict::kIdentical, {}};
  return {subject.trial.number,
          Verdict::kNotComparable,
          {was_begun ? "it had begun when a limit on its cost ended it"
                     : fmt::format("it was not trained: {}; now the study's limits {}", stored,
                                   now.is_rejected() ? "say: " + now.reason : "let it run")}};
}

Answer train_again(const StoredTrial& subject, const StudyConfig& read, const po::variables_map& values) {
  const Json facts = kept_facts(subject.study);
  const Json engines = engines_of(facts);
  const std::string device = training_device(values, engines);
  if (device.empty()) {
    return {subject.trial.number,
            Verdict::kNotComparable,
            {"the study does not say what its trials were trained with"}};
  }
  prepare_environment(read);
  const LoadedObjective loaded(read, {});
  const StudyConfig config = loaded.checked(read);
  const auto objective = make_objective(loaded, config, device, engines, data_folder(values));
  const auto now = loaded.provenance(*objective, {device});
  if (auto reasons = unlike_provenance(facts, now, device); !reasons.empty()) {
    return {subject.trial.number, Verdict::kNotComparable, std::move(reasons)};
  }
  const Rehearsal rehearsal = rehearsal_of(subject, config, loaded.manifest(), device);
  if (const auto rejection = rejection_of(subject.trial)) {
    const auto estimate = objective->estimate(rehearsal.params);
    return judge_again(subject, *rejection, tune::judge_cost(estimate, cost_limits_of(config.limits)));
  }
  const auto rehearsed = rehearse(*objective, subject.trial, rehearsal);
  const auto difference =
      first_difference(subject.trial, rehearsed, measured_objectives(config, loaded.manifest()));
  if (difference) return {subject.trial.number, Verdict::kDifferent, {*difference}};
  return {subject.trial.number, Verdict::kIdentical, {}};
}

Answer verify(const po::variables_map& values) {
  const StoredTrial subject = read_subject(values);
  const auto state = subject.trial.state;
  if (state != tune::TrialState::kComplete && state != tune::TrialState::kPruned) {
    return {subject.trial.number,
            Verdict::kNotComparable,
            {fmt::format("it is {}: there is no result to compare with", tune::to_string(state))}};
  }
  StudyThen then = study_then(subject.study, subject.trial);
  if (!then.changes.empty()) {
    return {subject.trial.number,
            Verdict::kNotComparable,
            {fmt::format("the study changed while it ran: {}", fmt::join(then.changes, "; "))}};
  }
  const StoredTrial then_subject{std::move(then.study), subject.trial};
  return train_again(then_subject, config_of(then_subject.study, values), values);
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
