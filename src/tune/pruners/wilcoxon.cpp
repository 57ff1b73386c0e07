#include "tune/pruners/wilcoxon.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tune/math/signed_rank.hpp"
#include "tune/pruners/rules.hpp"
#include "tune/pruners/signed_rank_rule.hpp"

namespace tune {
namespace pruners {
namespace {

bool is_finite(const TrialRecord& trial) {
  return std::all_of(trial.intermediate.begin(), trial.intermediate.end(),
                     [](const IntermediateValue& report) { return std::isfinite(report.value); });
}

const IntermediateValue& last_reported(const TrialRecord& trial) {
  return trial.report_order.empty() ? trial.intermediate.back() : trial.intermediate[trial.report_order.back()];
}

// Summed in the order of reporting, as Optuna does: where means are equal the rounding decides.
double mean_report(const TrialRecord& trial) {
  double sum = 0.0;
  for (std::size_t i = 0; i < trial.intermediate.size(); ++i) {
    sum += trial.intermediate[trial.report_order.empty() ? i : trial.report_order[i]].value;
  }
  return sum / static_cast<double>(trial.intermediate.size());
}

// By rising step.
std::vector<double> differences(const TrialRecord& trial, const TrialRecord& best) {
  std::vector<double> found;
  for (const IntermediateValue& report : trial.intermediate) {
    if (const double* other = best.value_at(report.step)) {
      found.push_back(report.value - *other);
    }
  }
  return found;
}

}  // namespace

std::optional<std::size_t> best_complete_trial(const HistoryView& history, bool maximize) {
  std::optional<std::size_t> best;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const auto values = history.values(number);
    if (history.state(number) != TrialState::kComplete || values.empty() || std::isnan(values.front())) {
      continue;
    }
    const bool is_better = !best || (maximize ? values.front() > history.values(*best).front()
                                              : values.front() < history.values(*best).front());
    if (is_better && history.record(number).is_feasible()) {
      best = number;
    }
  }
  return best;
}

std::optional<BestTrialComparison> compare_with_best(const PruningContext& context, std::int64_t min_steps) {
  const bool maximize = maximizes(context.history);
  const TrialRecord& trial = judged_trial(context);
  if (trial.intermediate.empty() || !is_finite(trial)) {
    return std::nullopt;
  }
  const auto number = best_complete_trial(context.history, maximize);
  if (!number) {
    return std::nullopt;
  }
  const TrialRecord& best = context.history.record(*number);
  if (best.intermediate.empty() || !is_finite(best)) {
    return std::nullopt;
  }
  const std::vector<double> found = differences(trial, best);
  if (static_cast<std::int64_t>(found.size()) < std::max<std::int64_t>(2, min_steps)) {
    return std::nullopt;
  }
  const double mean = mean_report(trial);
  const double best_mean = mean_report(best);
  const auto worse = maximize ? math::Alternative::kLess : math::Alternative::kGreater;
  return BestTrialComparison{.p_value = math::signed_rank_p_value(found, worse),
                             .mean_is_as_good = maximize ? mean >= best_mean : mean <= best_mean};
}

}  // namespace pruners

WilcoxonPruner::WilcoxonPruner(WilcoxonOptions options) : options_(options) {
  pruners::require(options.p_threshold >= 0.0 && options.p_threshold <= 1.0, "p_threshold must lie in [0, 1]",
                   std::to_string(options.p_threshold));
  pruners::require(options.n_startup_steps >= 0, "n_startup_steps must be at least 0",
                   std::to_string(options.n_startup_steps));
}

PruneDecision WilcoxonPruner::decide(const PruningContext& context) const {
  const auto comparison = pruners::compare_with_best(context, options_.n_startup_steps);
  if (!comparison || comparison->mean_is_as_good || !(comparison->p_value < options_.p_threshold)) {
    return {};
  }
  return pruners::prune_because(comparison->p_value, options_.p_threshold,
                                pruners::last_reported(pruners::judged_trial(context)).step, 1);
}

PrunerEntry wilcoxon_pruner_entry() {
  const WilcoxonOptions preset;
  return {.name = "wilcoxon",
          .description = "Prunes a trial that a signed-rank test over its steps finds worse than the best one.",
          .options = {{.name = "p_threshold",
                       .kind = OptionKind::kFloat,
                       .default_value = preset.p_threshold,
                       .low = 0,
                       .high = 1,
                       .description = "Pruned below this p-value."},
                      {.name = "n_startup_steps",
                       .kind = OptionKind::kInt,
                       .default_value = preset.n_startup_steps,
                       .low = 0,
                       .description = "Steps in common with the best trial before pruning starts."}},
          .make = [](const OptionValues& values) {
            return std::make_shared<const WilcoxonPruner>(
                WilcoxonOptions{.p_threshold = values.get_float("p_threshold"),
                                .n_startup_steps = values.get_int("n_startup_steps")});
          }};
}

}  // namespace tune
