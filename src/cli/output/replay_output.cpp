#include "cli/output/replay_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/output/trial_output.hpp"
#include "cli/output/trial_reason.hpp"
#include "tune/analysis/pareto_front.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using tune::TrialState;

constexpr std::size_t kTop = 5;

double duration_seconds(const FrozenTrial& trial) {
  return trial.duration() ? std::chrono::duration<double>(*trial.duration()).count() : 0.0;
}

/// What was reported and would not have been.
std::size_t saved_steps(const ReplayedTrial& replayed) {
  return replayed.trial.intermediate.size() - replayed.n_steps;
}

void add_trial(ReplaySums& sums, const ReplayedTrial& replayed) {
  const std::size_t n_steps = replayed.trial.intermediate.size();
  const double seconds = duration_seconds(replayed.trial);
  ++sums.n_trials;
  sums.n_steps += n_steps;
  sums.n_saved += saved_steps(replayed);
  sums.seconds += seconds;
  sums.seconds_saved += seconds * static_cast<double>(saved_steps(replayed)) / static_cast<double>(n_steps);
  if (replayed.stopped_at) ++sums.n_stopped;
  if (replayed.stopped_at && replayed.trial.state == TrialState::kComplete) ++sums.n_complete_stopped;
  if (!replayed.stopped_at && is_stopped_by_pruner(replayed.trial)) ++sums.n_cut;
}

/// COMPLETE and feasible, the best first, equal ones by number.
std::vector<ReplayedTrial> ranked(const PrunerReplay& replay, tune::Direction direction) {
  std::vector<ReplayedTrial> complete;
  const std::vector<tune::Direction> one = {direction};
  for (const ReplayedTrial& replayed : replay.trials) {
    if (!tune::pareto_front({&replayed.trial, 1}, one).empty()) complete.push_back(replayed);
  }
  std::stable_sort(complete.begin(), complete.end(), [&](const ReplayedTrial& a, const ReplayedTrial& b) {
    const double x = a.trial.values[0];
    const double y = b.trial.values[0];
    return direction == tune::Direction::kMaximize ? x > y : x < y;
  });
  return complete;
}

std::string share_text(double part, double whole) {
  return whole > 0.0 ? fmt::format(" ({:.0f} %)", 100.0 * part / whole) : "";
}

std::string time_text(double seconds) {
  return readable(std::chrono::round<std::chrono::microseconds>(std::chrono::duration<double>(seconds)));
}

std::string trial_text(const ReplayedTrial& replayed) {
  return fmt::format("{} (trial {})", readable(replayed.trial.values.at(0)), replayed.trial.number.value);
}

std::string lost_text(const ReplaySums& sums) {
  std::vector<std::string> lost;
  for (const ReplayedTrial& replayed : sums.top) {
    if (replayed.stopped_at)
      lost.push_back(fmt::format("trial {} at step {}", replayed.trial.number.value, *replayed.stopped_at));
  }
  if (lost.empty()) return fmt::format("none of the {} best", sums.top.size());
  return fmt::format("{} of the {} best: {}", lost.size(), sums.top.size(), fmt::join(lost, ", "));
}

Json trial_json(const ReplayedTrial& replayed) {
  const FrozenTrial& trial = replayed.trial;
  return {{"number", trial.number.value},
          {"state", tune::to_string(trial.state)},
          {"value", trial.values.empty() ? Json(nullptr) : json_number(trial.values[0])},
          {"steps", trial.intermediate.size()},
          {"steps_trained", replayed.n_steps},
          {"stopped_at", replayed.stopped_at ? Json(*replayed.stopped_at) : Json(nullptr)}};
}

Json list_json(const std::vector<ReplayedTrial>& trials) {
  Json list = Json::array();
  for (const ReplayedTrial& replayed : trials) list.push_back(trial_json(replayed));
  return list;
}

}  // namespace

ReplaySums sums_of(const PrunerReplay& replay, tune::Direction direction) {
  ReplaySums sums;
  for (const ReplayedTrial& replayed : replay.trials) add_trial(sums, replayed);
  sums.top = ranked(replay, direction);
  const auto kept = std::find_if(sums.top.begin(), sums.top.end(),
                                 [](const ReplayedTrial& replayed) { return !replayed.stopped_at; });
  if (kept != sums.top.end()) sums.best = *kept;
  if (sums.top.size() > kTop) sums.top.resize(kTop);
  return sums;
}

Json replay_json(const PrunerReplay& replay, const ReplaySums& sums) {
  return {{"order", replay.is_by_time ? "time" : "number"},
          {"n_trials", sums.n_trials},
          {"n_stopped", sums.n_stopped},
          {"n_complete_stopped", sums.n_complete_stopped},
          {"n_cut", sums.n_cut},
          {"steps", sums.n_steps},
          {"steps_saved", sums.n_saved},
          {"seconds", sums.seconds},
          {"seconds_saved", sums.seconds_saved},
          {"best", sums.top.empty() ? Json(nullptr) : trial_json(sums.top.front())},
          {"best_kept", sums.best ? trial_json(*sums.best) : Json(nullptr)},
          {"top", list_json(sums.top)},
          {"trials", list_json(replay.trials)}};
}

Table replay_table(const PrunerReplay& replay) {
  Table table{{"number", "state", "value", "steps", "steps_trained", "stopped_at"}, {}};
  for (const ReplayedTrial& replayed : replay.trials) {
    const FrozenTrial& trial = replayed.trial;
    table.rows.push_back({trial.number.value, std::string(tune::to_string(trial.state)),
                          trial.values.empty() ? Cell() : Cell(trial.values[0]),
                          static_cast<std::int64_t>(trial.intermediate.size()),
                          static_cast<std::int64_t>(replayed.n_steps),
                          replayed.stopped_at ? Cell(*replayed.stopped_at) : Cell()});
  }
  return table;
}

std::string replay_text(const PrunerReplay& replay, const ReplaySums& sums, std::optional<std::size_t> width) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"trials with reports",
       fmt::format("{}, judged {}", sums.n_trials, replay.is_by_time ? "as they ran" : "one after the other")},
      {"stopped", fmt::format("{}, of them {} that were COMPLETE", sums.n_stopped, sums.n_complete_stopped)},
      {"steps saved",
       fmt::format("{} of {}{}", sums.n_saved, sums.n_steps,
                   share_text(static_cast<double>(sums.n_saved), static_cast<double>(sums.n_steps)))},
      {"time saved", fmt::format("{} of {}{}", time_text(sums.seconds_saved), time_text(sums.seconds),
                                 share_text(sums.seconds_saved, sums.seconds))}};
  if (!sums.top.empty()) {
    facts.emplace_back("best value", trial_text(sums.top.front()));
    facts.emplace_back("best value kept", sums.best ? trial_text(*sums.best) : "none");
    facts.emplace_back("lost", lost_text(sums));
  }
  std::string text = to_fact_list(facts, width);
  if (sums.n_cut > 0) {
    text += fmt::format(
        "{} trial(s) were pruned then and would have gone on: what they would have cost, and found, "
        "is not known\n",
        sums.n_cut);
  }
  return text;
}

}  // namespace fmnist_tune
