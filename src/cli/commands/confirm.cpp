#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/commands/stored_trial.hpp"
#include "cli/output/confirmation_output.hpp"
#include "cli/output/messages.hpp"
#include "cli/registry.hpp"
#include "cli/run/confirmation.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/run_options.hpp"
#include "cli/run/run_session.hpp"
#include "cli/run/study_check.hpp"
#include "cli/shell_text.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

constexpr std::int64_t kDefaultTop = 5;
constexpr std::int64_t kDefaultReplicates = 10;
constexpr std::int64_t kMostReplicates = 1000;

const CommandHelp kHelp = {
    "fmnist-tune confirm DB [options]",
    "Trains the best few trials of a study again, each with several new seeds, and says which one wins: the\n"
    "best value of a search is partly luck. The trials become points of a study of their own in the same "
    "file,\n"
    "NAME-confirm, without search and pruning; the same command goes on where it was interrupted, and prints\n"
    "the result again when all is done. Replicates of one number share their seeds, so the configurations are\n"
    "compared pair by pair: with the best mean against each other, by Wilcoxon's signed-rank test with Holm's\n"
    "correction. One objective only.\n"
    "\n"
    "Exit codes: as of run.",
    "  fmnist-tune confirm mlp.db\n"
    "  fmnist-tune confirm mlp.db --top 3 --replicates 20 --jobs 2\n"
    "  fmnist-tune confirm mlp.db -f json"};

po::options_description own_options() {
  po::options_description options("Options");
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add_study_option(options);
  options.add_options()("top", text("K"), "how many of the best configurations are compared (5)")(
      "replicates", text("R"), "trials of each (10)")("name", text("NAME"),
                                                      "name of the new study instead of STUDY-confirm");
  add_device_options(options);
  add_checkpoint_options(options);
  options.add_options()("trust", "run what the file names also when that is no part of this program")(
      "quiet", "no progress, only the result, warnings and errors");
  add_log_options(options);
  return options;
}

/// The study to confirm: what confirms another one is not meant unless it is named.
tune::StudyRecord subject_of(tune::SqliteReader& reader, const po::variables_map& values) {
  if (values.contains("study")) return study_of_query(reader, values);
  auto studies = reader.study_records();
  std::erase_if(studies, [](const tune::StudyRecord& study) { return confirmed_by(study).has_value(); });
  return studies.size() == 1 ? std::move(studies.front()) : study_of_query(reader, values);
}

/// What the options ask for; nothing where they are silent.
struct Wanted {
  std::optional<std::int64_t> top;
  std::optional<std::int64_t> replicates;
  std::string name;
};

/// A study that confirms, there already or to be made.
struct Plan {
  StudyConfig config;
  Confirmed confirmed;
  tune::StudyRecord subject;
};

void check_same(const char* option, std::optional<std::int64_t> wanted, std::size_t kept,
                const std::string& name) {
  if (!wanted || static_cast<std::size_t>(*wanted) == kept) return;
  throw UsageError(
      fmt::format("--{}: study \"{}\" was begun with {}, {} is asked for; give the new one a --name", option,
                  name, kept, *wanted));
}

/// Goes on with the trials that were the best when it was begun, whatever the study found since.
Plan plan_of_existing(const tune::StudyRecord& existing, const tune::StudyRecord& subject, const Wanted& wanted,
                      const po::variables_map& values) {
  const auto confirmed = confirmed_by(existing);
  if (!confirmed || confirmed->study != subject.name) {
    throw UsageError(fmt::format("the storage has a study \"{}\" that does not confirm \"{}\"; give a --name",
                                 existing.name, subject.name));
  }
  StudyConfig config = config_of(existing, values);
  check_same("top", wanted.top, static_cast<std::size_t>(confirmed->top), existing.name);
  check_same("replicates", wanted.replicates, static_cast<std::size_t>(config.replicates), existing.name);
  return {std::move(config), *confirmed, subject};
}

Plan new_plan(tune::SqliteReader& reader, const tune::StudyRecord& subject, const Wanted& wanted,
              const po::variables_map& values) {
  const StudyConfig config = config_of(subject, values);
  const auto top = static_cast<std::size_t>(wanted.top.value_or(kDefaultTop));
  const auto best = best_configurations(reader.trials(subject.id, {.state = tune::TrialState::kComplete}),
                                        subject.directions.front(), top);
  if (best.empty()) {
    throw tune::Error(
        fmt::format("study \"{}\" has no COMPLETE feasible trial yet: nothing to confirm", subject.name));
  }
  Confirmed confirmed{subject.name, {}, static_cast<std::int64_t>(top)};
  for (const tune::FrozenTrial& trial : best) confirmed.trials.push_back(trial.number.value);
  const std::string text = confirming_study_file(config.text, kept_seed(subject), wanted.name, best,
                                                 wanted.replicates.value_or(kDefaultReplicates));
  return {parse_study_text(text, fmt::format("the study file made for \"{}\"", wanted.name), known_manifests()),
          std::move(confirmed), subject};
}

Plan make_plan(const po::variables_map& values) {
  auto reader = open_for_query(values);
  const tune::StudyRecord subject = subject_of(reader, values);
  if (subject.directions.size() != 1) {
    throw UsageError(fmt::format("study \"{}\" has several objectives: there is no best trial", subject.name));
  }
  const Wanted wanted{whole_number_option(values, "top", 1, kMostConfirmed),
                      whole_number_option(values, "replicates", 1, kMostReplicates),
                      text_option(values, "name").value_or(subject.name + "-confirm")};
  if (const auto existing = reader.find_study(wanted.name))
    return plan_of_existing(*existing, subject, wanted, values);
  return new_plan(reader, subject, wanted, values);
}

RunRequest request_from(const po::variables_map& values, const StudyConfig& config,
                        const Invocation& invocation) {
  RunRequest request;
  request.trials = static_cast<std::int64_t>(config.points.size()) * config.replicates;
  request.storage = path_of_query(values).string();
  read_log_options(values, request);
  read_device_options(values, request);
  read_checkpoint_options(values, request);
  request.command_line = shell_text(invocation.command_line);
  return request;
}

}  // namespace

int confirm_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  Plan plan = make_plan(*values);
  RunRequest request = request_from(*values, plan.config, invocation);
  Session session(std::move(request), std::move(plan.config), confirming_attributes(plan.confirmed),
                  std::move(plan.subject));
  const auto result = [format](const Session& ended) {
    return confirmation_text(ended.storage(), ended.config(), format);
  };
  const bool is_done = session.look().finished() >= *session.request().trials;
  const int code = is_done ? to_int(ExitCode::kDone) : run_session(session, result);
  if (is_done || (session.request().log.quiet && code == to_int(ExitCode::kDone))) {
    session.tidy_up();
    fmt::print("{}", result(session));
  }
  return code;
}

}  // namespace fmnist_tune
