#include "cli/run/summary.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cli/command.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/table.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/shell_text.hpp"
#include "tune/analysis/pareto_front.hpp"

namespace fmnist_tune {
namespace {

/// Whoever interrupts a run wants it to end, also when the result finds no reader.
constexpr std::chrono::milliseconds kPatienceAfterSignal{1000};

/// How many of the best trials of several objectives a run's end shows.
constexpr std::size_t kMostShown = 10;

std::string best_trial_text(tune::SqliteReader& reader, const tune::StudyRecord& study) {
  const auto best = reader.best_trial(study.id);
  return best ? "best trial:\n" + to_fact_list(trial_facts(*best, study), output_width()) : "";
}

std::string best_trials_text(tune::SqliteReader& reader, const tune::StudyRecord& study) {
  const auto complete = reader.trials(study.id, {.state = tune::TrialState::kComplete});
  const auto front = tune::pareto_front(complete, study.directions);
  if (front.empty()) return "";
  std::vector<tune::FrozenTrial> shown;
  for (std::size_t i = 0; i < std::min(front.size(), kMostShown); ++i) shown.push_back(complete[front[i]]);
  return fmt::format("best trials, which no other one beats ({} of {}):\n{}", shown.size(), front.size(),
                     to_table(trials_table(shown, study, Reader::kPerson), output_width()));
}

std::string exhausted_text(const tune::RunReport& report) {
  const std::string end = "the study is complete";
  if (!report.n_possible) return "the sampler has no further point: " + end;
  return fmt::format("{0} of {0} possible configurations have been tried: {1}", *report.n_possible, end);
}

std::string stagnation_text(const Session& session) {
  return fmt::format("the last {} trials brought no better value: the study is complete",
                     session.config().limits.stagnation.value_or(0));
}

/// One sentence on why the run ended, or nothing when all is done.
std::string reason_text(const Session& session, const tune::RunReport& report, std::optional<int> signal) {
  // Waiting for running trials after the time limit, the run was cut short all the same.
  const bool is_cut_short = report.end == tune::RunEnd::kTimeout && signal;
  switch (is_cut_short ? tune::RunEnd::kInterrupted : report.end) {
    case tune::RunEnd::kDone:
      return "";
    case tune::RunEnd::kExhausted:
      return exhausted_text(report);
    case tune::RunEnd::kStagnated:
      return stagnation_text(session);
    case tune::RunEnd::kInterrupted:
      return fmt::format("stopped; everything is saved; resume with: {}", session.request().command_line);
    case tune::RunEnd::kTimeout:
      return fmt::format("the time limit is reached; go on with: {}", session.request().command_line);
    case tune::RunEnd::kFailing:
      return fmt::format("the run was ended because its trials fail: {}", report.message);
    case tune::RunEnd::kNoDevice:
      return fmt::format("the run was ended because no device is left: {}", report.message);
  }
  return "";
}

}  // namespace

std::string study_argument(tune::SqliteReader& reader, const std::string& name) {
  return reader.study_records().size() > 1 ? " --study=" + shell_quoted(name) : "";
}

std::string run_result_text(const Session& session) {
  tune::SqliteReader reader(session.storage());
  const auto summary = find_summary(reader, session.config().name);
  if (!summary) return "";
  std::string text =
      fmt::format("study {}: {} finished trials ({} complete, {} pruned, {} failed) in {}\n",
                  printable(summary->study.name), summary->n_complete + summary->n_pruned + summary->n_fail,
                  summary->n_complete, summary->n_pruned, summary->n_fail, session.storage().string());
  const bool single = summary->study.directions.size() == 1;
  text += single ? best_trial_text(reader, summary->study) : best_trials_text(reader, summary->study);
  return text + fmt::format(
                    "next:\n  fmnist-tune {2} {0}{1}\n  fmnist-tune trials {0}{1} --last 10\n"
                    "  sqlite3 {0} 'select * from {3}'\n",
                    shell_path(session.storage()), study_argument(reader, session.config().name),
                    single ? "best-trial" : "best-trials", single ? "best_trial" : "trial_table");
}

int exit_code(tune::RunEnd end, std::optional<int> signal) {
  switch (end) {
    case tune::RunEnd::kDone:
    case tune::RunEnd::kExhausted:
    case tune::RunEnd::kStagnated:
      return to_int(ExitCode::kDone);
    case tune::RunEnd::kInterrupted:
    case tune::RunEnd::kTimeout:
      return signal ? 128 + *signal : to_int(ExitCode::kDone);
    case tune::RunEnd::kFailing:
    case tune::RunEnd::kNoDevice:
      return to_int(ExitCode::kFailed);
  }
  return to_int(ExitCode::kFailed);
}

int conclude(const Session& session, const tune::RunReport& report, std::optional<int> signal, Screen& screen,
             const ResultText& result_text) {
  const std::string reason = reason_text(session, report, signal);
  const int code = exit_code(report.end, signal);
  if (!reason.empty() && !(session.request().log.quiet && code == to_int(ExitCode::kDone))) {
    screen.line("fmnist-tune: " + reason);
  }
  // The reason stands before the result where both go to one terminal.
  screen.drain();
  if (session.request().log.quiet) return code;
  const std::string result = result_text(session);
  if (signal) {
    static_cast<void>(write_within(STDOUT_FILENO, result, kPatienceAfterSignal));
  } else {
    fmt::print("{}", result);
  }
  return code;
}

int conclude_without_run(const Session& session, const Standing& standing) {
  if (session.request().log.quiet) return to_int(ExitCode::kDone);
  fmt::print("nothing to do: {} of {} trials are finished\n", standing.finished(), *session.request().trials);
  fmt::print("{}", run_result_text(session));
  return to_int(ExitCode::kDone);
}

int conclude_stagnated(const Session& session) {
  if (session.request().log.quiet) return to_int(ExitCode::kDone);
  say(stagnation_text(session));
  fmt::print("{}", run_result_text(session));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
