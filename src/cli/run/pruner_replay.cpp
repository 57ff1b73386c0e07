#include "cli/run/pruner_replay.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using tune::TrialState;

/// A trial starts (0), makes its n-th report (1 …), or ends.
struct Event {
  double time = 0.0;
  std::size_t trial = 0;  ///< Position among the replayed ones.
  std::size_t place = 0;

  friend bool operator<(const Event& a, const Event& b) {
    return std::tie(a.time, a.trial, a.place) < std::tie(b.time, b.trial, b.place);
  }
};

double seconds(tune::Timestamp time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

bool has_times(const ReplayedTrial& replayed) {
  return replayed.trial.datetime_start && replayed.trial.datetime_complete;
}

std::vector<Event> events_of(const PrunerReplay& replay) {
  std::vector<Event> events;
  for (std::size_t t = 0; t < replay.trials.size(); ++t) {
    const FrozenTrial& trial = replay.trials[t].trial;
    const double start = replay.is_by_time ? seconds(*trial.datetime_start) : static_cast<double>(t);
    // Clocks are set back at times.
    const double end = replay.is_by_time ? std::max(start, seconds(*trial.datetime_complete)) : start;
    const std::size_t n = trial.intermediate.size();
    for (std::size_t place = 0; place <= n; ++place) {
      const double part = n == 0 ? 0.0 : static_cast<double>(place) / static_cast<double>(n);
      events.push_back({start + part * (end - start), t, place});
    }
    events.push_back({end, t, n + 1});
  }
  std::sort(events.begin(), events.end());
  return events;
}

/// What another pruner kept with the trial is not for this one; constraints are.
tune::Attributes constraints_of(const FrozenTrial& trial) {
  tune::Attributes kept;
  for (const auto& [name, json] : trial.system_attrs) {
    if (name.starts_with(tune::kConstraintsKey)) kept.emplace(name, json);
  }
  return kept;
}

/// One study while its events happen again.
class Rerun {
 public:
  Rerun(const ReplaySubject& subject, const tune::Pruner& pruner, PrunerReplay& replay)
      : subject_(subject), pruner_(pruner), replay_(replay), history_({subject.direction}) {
    for (const ReplayedTrial& replayed : replay.trials) {
      FrozenTrial& trial = live_.emplace_back(replayed.trial);
      trial.state = TrialState::kRunning;
      trial.values.clear();
      trial.intermediate.clear();
      trial.system_attrs = constraints_of(replayed.trial);
    }
  }

  void happen(const Event& event) {
    ReplayedTrial& replayed = replay_.trials[event.trial];
    if (event.place == 0) {
      history_.apply(live_[event.trial]);
    } else if (replayed.stopped_at) {
      return;
    } else if (event.place <= replayed.trial.intermediate.size()) {
      report(replayed, live_[event.trial], event.place - 1);
    } else {
      end(live_[event.trial], replayed.trial.state, replayed.trial.values);
    }
  }

 private:
  void report(ReplayedTrial& replayed, FrozenTrial& live, std::size_t index) {
    const tune::IntermediateValue made = replayed.trial.intermediate[index];
    live.intermediate.push_back(made);
    ++replayed.n_steps;
    history_.add_report(live.number, made);
    const auto decision = pruner_.decide({view(live.number), live.number, subject_.seed, subject_.study_name});
    history_.add_system_attrs(live.number, decision.system_attrs);
    for (const auto& [name, json] : decision.system_attrs) live.system_attrs[name] = json;
    const bool is_over = replayed.trial.state != TrialState::kPruned &&
                         live.intermediate.size() == replayed.trial.intermediate.size();
    if (!decision.prune || is_over) return;
    replayed.stopped_at = made.step;
    const double last = live.last_intermediate()->value;
    end(live, TrialState::kPruned, std::isnan(last) ? std::vector<double>{} : std::vector{last});
  }

  void end(FrozenTrial& live, TrialState state, std::vector<double> values) {
    live.state = state;
    live.values = std::move(values);
    history_.apply(live);
  }

  [[nodiscard]] tune::HistoryView view(tune::TrialNumber number) const {
    if (!subject_.window) return tune::HistoryView(history_);
    const std::int64_t below = std::max<std::int64_t>(0, number.value - *subject_.window + 1);
    return tune::HistoryView(history_, static_cast<std::size_t>(below));
  }

  const ReplaySubject& subject_;
  const tune::Pruner& pruner_;
  PrunerReplay& replay_;
  tune::History history_;
  std::vector<FrozenTrial> live_;
};

}  // namespace

PrunerReplay replay_pruner(const ReplaySubject& subject, const tune::Pruner& pruner) {
  PrunerReplay replay;
  for (const FrozenTrial& trial : subject.trials) {
    // One without reports is never stopped, but pruners count it.
    if (tune::is_finished(trial.state)) replay.trials.push_back({trial, 0, {}});
  }
  replay.is_by_time = !subject.window && std::all_of(replay.trials.begin(), replay.trials.end(), has_times);
  Rerun rerun(subject, pruner, replay);
  for (const Event& event : events_of(replay)) rerun.happen(event);
  std::erase_if(replay.trials,
                [](const ReplayedTrial& replayed) { return replayed.trial.intermediate.empty(); });
  return replay;
}

}  // namespace fmnist_tune
