#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tune/affordability.hpp"
#include "tune/analysis/explanation.hpp"
#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
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
  running.system_attrs = trial.system_attrs;
  return running;
}

/// With what its queue entry says.
FrozenTrial as_waiting(const FrozenTrial& trial) {
  FrozenTrial waiting = as_running(trial, {});
  waiting.state = TrialState::kWaiting;
  return waiting;
}

/// The history that the trial saw when it asked.
class Past {
 public:
  Past(const StudyOptions& options, std::span<const FrozenTrial> trials, const FrozenTrial& asking,
       const HistoryCursor& cursor)
      : history_(options.directions) {
    apply(cursor.finished, [&](std::size_t n) { return trial_at(trials, n); });
    apply(cursor.running,
          [&](std::size_t n) { return as_running(trial_at(trials, n), trial_at(trials, n).params); });
    apply(cursor.open, [&](std::size_t n) { return as_running(trial_at(trials, n), {}); });
    apply(cursor.waiting, [&](std::size_t n) { return as_waiting(trial_at(trials, n)); });
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

  template <typename Seen>
  void apply(const std::vector<NumberRange>& ranges, const Seen& seen) {
    for (const NumberRange& range : ranges) {
      for (std::size_t n = range.first; n <= range.last; ++n) history_.apply(seen(n));
    }
  }

  History history_;
  TrialGroups groups_;
};

bool has_all(const ParamValues& values, const FrozenTrial& trial) {
  return std::all_of(trial.params.begin(), trial.params.end(),
                     [&](const Param& param) { return values.contains(param.name); });
}

/// One suggestion, computed again.
class Recomputation {
 public:
  Recomputation(const StudyOptions& options, std::span<const FrozenTrial> trials, const FrozenTrial& trial,
                const SuggestionRecord& record)
      : options_(options), trial_(trial), record_(record), past_(options, trials, trial, record.cursor) {}

  [[nodiscard]] Explanation explain() const {
    Explanation explanation;
    explanation.origin = Explanation::Origin::kSuggested;
    explanation.n_complete = past_.history().count(TrialState::kComplete);
    explanation.n_pruned = past_.history().count(TrialState::kPruned);
    explanation.n_running = past_.history().running().size() - 1;
    explanation.n_redraws = record_.n_redraws;
    explanation.is_moved = record_.is_moved;
    explanation.given = record_.given;
    explanation.n_costly = n_costly();
    Suggestion again = suggest_again(given_values());
    explanation.is_confirmed = again.configuration.params == trial_.params &&
                               again.n_redraws == record_.n_redraws && again.is_moved == record_.is_moved;
    if (explanation.is_confirmed) explanation.reasons = about_the_trial(std::move(again.reasons));
    return explanation;
  }

 private:
  [[nodiscard]] std::uint64_t n_costly() const {
    std::uint64_t n = 0;
    for (const NumberRange& range : record_.costly) n += range.last - range.first + 1;
    return n;
  }

  [[nodiscard]] ParamValues given_values() const {
    ParamValues values;
    for (const std::string& name : record_.given) {
      if (const Param* param = trial_.find_param(name)) values.emplace(name, param->external());
    }
    return values;
  }

  /// What was decided about parameters that do not exist is left out.
  [[nodiscard]] std::vector<Reason> about_the_trial(std::vector<Reason> reasons) const {
    std::erase_if(reasons, [&](const Reason& reason) {
      return std::none_of(reason.parameters.begin(), reason.parameters.end(),
                          [&](const std::string& name) { return trial_.find_param(name) != nullptr; });
    });
    return reasons;
  }

  [[nodiscard]] Suggestion suggest_again(const ParamValues& forced) const {
    SamplingContext context = past_.context(options_, trial_.number);
    if (options_.space.empty()) return decide_again(context, forced);
    const AffordableCheck check = replaying_check(record_.costly);
    if (!record_.costly.empty()) context.is_affordable = &check;
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

Explanation explain_suggestion(const StudyOptions& given, std::span<const FrozenTrial> trials,
                               TrialNumber number) {
  const StudyOptions options = with_default_parts(given);
  const FrozenTrial& trial = trial_of(trials, number);
  Explanation explanation;
  if (trial.params.empty()) return explanation;
  if (const auto record = stored_record(trial)) return Recomputation(options, trials, trial, *record).explain();
  const std::int64_t replicate = number.value % options.replicates;
  const TrialNumber original{number.value - replicate};
  if (replicate != 0 && trial.params == trial_of(trials, original).params) {
    explanation.origin = Explanation::Origin::kReplicate;
    explanation.original = original;
    explanation.is_confirmed = true;
  } else if (has_all(format::queued_params(trial.system_attrs), trial)) {
    explanation.origin = Explanation::Origin::kEnqueued;
    explanation.is_confirmed = true;
  }
  return explanation;
}

}  // namespace tune
