#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tune/analysis/explanation.hpp"
#include "tune/error.hpp"
#include "tune/history_cursor.hpp"
#include "tune/study_impl.hpp"
#include "tune/suggestion.hpp"

namespace tune {
namespace {

const FrozenTrial& trial_of(std::span<const FrozenTrial> trials, TrialNumber number) {
  const auto index = static_cast<std::size_t>(number.value);
  if (number.value >= 0 && index < trials.size() && trials[index].number == number) return trials[index];
  throw InvalidArgument(fmt::format("there is no trial {}", number.value));
}

std::optional<SuggestionRecord> stored_record(const FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(kSuggestionKey);
  if (stored == trial.system_attrs.end()) return std::nullopt;
  return suggestion_from_json(stored->second);
}

/// The trial as it stood when it asked, or as another trial that ran then was seen.
FrozenTrial as_running(const FrozenTrial& trial, std::vector<Param> params) {
  FrozenTrial running;
  running.id = trial.id;
  running.number = trial.number;
  running.params = std::move(params);
  return running;
}

/// The history that the trial saw when it asked.
class Past {
 public:
  Past(const StudyOptions& options, std::span<const FrozenTrial> trials, const FrozenTrial& asking,
       const HistoryCursor& cursor)
      : history_(options.directions) {
    for (const TrialRange& range : cursor.finished) {
      for (std::size_t n = range.first; n <= range.last; ++n) history_.apply(trial_at(trials, n));
    }
    for (const TrialRange& range : cursor.running) {
      for (std::size_t n = range.first; n <= range.last; ++n) {
        const FrozenTrial& trial = trial_at(trials, n);
        FrozenTrial running = as_running(trial, trial.params);
        running.system_attrs = trial.system_attrs;
        history_.apply(running);
      }
    }
    history_.apply(as_running(asking, {}));
    const HistoryView view(history_);
    options.pruner->group_trials({view, asking.number, options.seed, options.study_name}, groups_);
  }

  [[nodiscard]] const History& history() const { return history_; }

  [[nodiscard]] SamplingContext context(const StudyOptions& options, TrialNumber asking) const {
    HistoryView view(history_);
    if (const auto& group_of = groups_.of_trial; !group_of.empty()) {
      view = view.only(group_of, group_of.at(static_cast<std::size_t>(asking.value)));
    }
    return {view, asking, options.seed, options.space};
  }

 private:
  static const FrozenTrial& trial_at(std::span<const FrozenTrial> trials, std::size_t number) {
    return trial_of(trials, {static_cast<std::int64_t>(number)});
  }

  History history_;
  TrialGroups groups_;
};

bool has_all(const ParamValues& values, const FrozenTrial& trial) {
  return std::all_of(trial.params.begin(), trial.params.end(),
                     [&](const Param& param) { return values.contains(param.name); });
}

bool is_same(const std::vector<Param>& a, const std::vector<Param>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Param& one, const Param& other) {
    return one.name == other.name && one.value == other.value;
  });
}

/// One suggestion, computed again.
class Recomputation {
 public:
  Recomputation(const StudyOptions& options, std::span<const FrozenTrial> trials, const FrozenTrial& trial,
                const SuggestionRecord& record)
      : options_(options), trial_(trial), record_(record), past_(options, trials, trial, record.cursor) {}

  [[nodiscard]] Explanation explain() const {
    // A trial that was interrupted went into the queue with the parameters that it had been suggested.
    Explanation free = explain_with({});
    if (free.is_confirmed) return free;
    const ParamValues queued = queued_params(trial_.system_attrs);
    return queued.empty() ? free : explain_with(queued);
  }

 private:
  [[nodiscard]] Explanation explain_with(const ParamValues& forced) const {
    Explanation explanation;
    explanation.origin = Explanation::Origin::kSuggested;
    explanation.n_complete = past_.history().count(TrialState::kComplete);
    explanation.n_pruned = past_.history().count(TrialState::kPruned);
    explanation.n_running = past_.history().running().size() - 1;
    Suggestion again = suggest_again(forced);
    explanation.reasons = std::move(again.reasons);
    explanation.n_redraws = again.n_redraws;
    explanation.is_moved = again.is_moved;
    explanation.is_confirmed = is_same(again.configuration.params, trial_.params) &&
                               again.n_redraws == record_.n_redraws && again.is_moved == record_.is_moved;
    return explanation;
  }

  [[nodiscard]] Suggestion suggest_again(const ParamValues& forced) const {
    const SamplingContext context = past_.context(options_, trial_.number);
    if (options_.space.empty()) return decide_again(context, forced);
    const TakenConfigurations taken(past_.history(), trial_.number, options_.replicates);
    const bool avoids = record_.n_redraws > 0 || record_.is_moved;
    return suggest(*options_.sampler, context, forced, avoids ? &taken : nullptr, WithReasons::kYes);
  }

  /// The parameters of a space that was not declared: those that the trial asked for.
  [[nodiscard]] Suggestion decide_again(SamplingContext context, const ParamValues& forced) const {
    Suggestion again;
    context.reasons = &again.reasons;
    again.preset = {forced, options_.sampler->sample_relative(context)};
    for (const auto& [name, value, distribution] : trial_.params) {
      const double decided = decide_param(*options_.sampler, context, again.preset, name, distribution);
      again.configuration.add({name, decided, distribution});
    }
    return again;
  }

  const StudyOptions& options_;
  const FrozenTrial& trial_;
  const SuggestionRecord& record_;
  Past past_;
};

}  // namespace

Explanation explain_suggestion(const StudyOptions& options, std::span<const FrozenTrial> trials,
                               TrialNumber number) {
  const FrozenTrial& trial = trial_of(trials, number);
  Explanation explanation;
  const std::int64_t replicate = number.value % options.replicates;
  const auto record = stored_record(trial);
  if (record) return Recomputation(options, trials, trial, *record).explain();
  if (const ParamValues queued = queued_params(trial.system_attrs); !queued.empty() && has_all(queued, trial)) {
    explanation.origin = Explanation::Origin::kEnqueued;
    explanation.is_confirmed = true;
  } else if (replicate != 0) {
    explanation.origin = Explanation::Origin::kReplicate;
    explanation.original = {number.value - replicate};
    explanation.is_confirmed = is_same(trial.params, trial_of(trials, explanation.original).params);
  } else if (!options.sampler->uses_history()) {
    return Recomputation(options, trials, trial, {}).explain();
  }
  return explanation;
}

}  // namespace tune
