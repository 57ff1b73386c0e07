#include "tune/pruners/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tune/error.hpp"
#include "tune/pruners/percentile_rule.hpp"

namespace tune {
namespace pruners {

std::vector<OptionSpec> schedule_option_specs() {
  const PercentileOptions preset;
  std::vector<OptionSpec> specs = {{.name = "n_startup_trials",
                                    .kind = OptionKind::kInt,
                                    .default_value = preset.n_startup_trials,
                                    .low = 0,
                                    .description = "COMPLETE trials before pruning starts."}};
  for (OptionSpec& spec : check_option_specs(preset.n_warmup_steps, preset.interval_steps)) {
    specs.push_back(std::move(spec));
  }
  specs.push_back({.name = "n_min_trials",
                   .kind = OptionKind::kInt,
                   .default_value = preset.n_min_trials,
                   .low = 1,
                   .description = "COMPLETE trials that must have reported at the step."});
  return specs;
}

std::vector<OptionSpec> check_option_specs(std::int64_t n_warmup_steps, std::int64_t interval_steps) {
  return {{.name = "n_warmup_steps",
           .kind = OptionKind::kInt,
           .default_value = n_warmup_steps,
           .low = 0,
           .description = "No pruning at steps below this."},
          {.name = "interval_steps",
           .kind = OptionKind::kInt,
           .default_value = interval_steps,
           .low = 1,
           .description = "Steps between two checks, counted from the warm-up."}};
}

bool is_check_due(std::span<const IntermediateValue> reports, std::int64_t n_warmup_steps,
                  std::int64_t interval_steps) {
  const std::int64_t step = reports.back().step;
  const std::int64_t due_since = step - (step - n_warmup_steps) % interval_steps;
  return reports.size() < 2 || reports[reports.size() - 2].step < due_since;
}

double best_report(std::span<const IntermediateValue> reports, bool maximize) {
  double best = std::numeric_limits<double>::quiet_NaN();
  for (const IntermediateValue& report : reports) {
    best = maximize ? std::fmax(best, report.value) : std::fmin(best, report.value);
  }
  return best;
}

std::vector<double> complete_values_at(const HistoryView& history, std::int64_t step) {
  std::vector<double> values;
  for (std::size_t number = 0; number < history.size(); ++number) {
    if (history.state(number) != TrialState::kComplete) {
      continue;
    }
    if (const double* value = history.record(number).value_at(step)) {
      values.push_back(*value);
    }
  }
  return values;
}

double sorted_percentile(std::span<const double> sorted, double percentile) {
  const std::size_t last = sorted.size() - 1;
  const double position = percentile / 100.0 * static_cast<double>(last);
  const auto lower = std::min(static_cast<std::size_t>(position), last);
  const double a = sorted[lower];
  if (lower == last) {
    return a + (a - a);  // numpy interpolates here too: an infinite largest value gives NaN.
  }
  const double b = sorted[lower + 1];
  const double t = position - static_cast<double>(lower);
  return t >= 0.5 ? b - (b - a) * (1.0 - t) : a + (b - a) * t;
}

double linear_percentile(std::span<double> values, double percentile) {
  std::sort(values.begin(), values.end());
  return sorted_percentile(values, percentile);
}

}  // namespace pruners

namespace {

void require(bool holds, const std::string& what, const std::string& found) {
  if (!holds) {
    throw InvalidArgument(what + ", found " + found);
  }
}

PruneDecision prune_because(double value, double threshold, std::int64_t step, std::size_t n) {
  return {.prune = true,
          .reason = PruneReason{value, threshold, step, static_cast<std::int64_t>(n)},
          .system_attrs = {}};
}

// Whether the rule applies to the trial's last report at all.
bool is_checked(const PercentileOptions& options, const HistoryView& history,
                std::span<const IntermediateValue> reports) {
  if (reports.empty() || reports.back().step < options.n_warmup_steps) {
    return false;
  }
  if (!pruners::is_check_due(reports, options.n_warmup_steps, options.interval_steps)) {
    return false;
  }
  const std::size_t n_complete = history.count(TrialState::kComplete);
  return n_complete > 0 && static_cast<std::int64_t>(n_complete) >= options.n_startup_trials;
}

// The history's sorted values, or those of the visible trials, which then stand in `visible`.
StepValues values_at(const HistoryView& history, std::int64_t step, std::vector<double>& visible) {
  if (history.shows_all()) {
    return history.complete_values_at(step);
  }
  visible = pruners::complete_values_at(history, step);
  const std::size_t n_reported = visible.size();
  std::erase_if(visible, [](double value) { return std::isnan(value); });
  std::sort(visible.begin(), visible.end());
  return {visible, n_reported};
}

PruneDecision compare(const PercentileOptions& options, const HistoryView& history, double best,
                      std::int64_t step, bool maximize) {
  std::vector<double> visible;
  const StepValues others = values_at(history, step, visible);
  if (static_cast<std::int64_t>(others.n_reported) < options.n_min_trials || others.sorted.empty()) {
    return {};
  }
  const double percentile = maximize ? 100.0 - options.percentile : options.percentile;
  const double threshold = pruners::sorted_percentile(others.sorted, percentile);
  const bool is_worse = maximize ? best < threshold : best > threshold;  // False for a NaN threshold.
  return is_worse ? prune_because(best, threshold, step, others.sorted.size()) : PruneDecision{};
}

PercentileOptions read_options(const OptionValues& values) {
  return {.percentile = values.get_float("percentile"),
          .n_startup_trials = values.get_int("n_startup_trials"),
          .n_warmup_steps = values.get_int("n_warmup_steps"),
          .interval_steps = values.get_int("interval_steps"),
          .n_min_trials = values.get_int("n_min_trials")};
}

}  // namespace

PercentilePruner::PercentilePruner(PercentileOptions options) : options_(options) {
  require(options.percentile >= 0.0 && options.percentile <= 100.0, "percentile must lie in [0, 100]",
          std::to_string(options.percentile));
  require(options.n_startup_trials >= 0, "n_startup_trials must be at least 0",
          std::to_string(options.n_startup_trials));
  require(options.n_warmup_steps >= 0, "n_warmup_steps must be at least 0",
          std::to_string(options.n_warmup_steps));
  require(options.interval_steps >= 1, "interval_steps must be at least 1",
          std::to_string(options.interval_steps));
  require(options.n_min_trials >= 1, "n_min_trials must be at least 1", std::to_string(options.n_min_trials));
}

PruneDecision PercentilePruner::decide(const PruningContext& context) const {
  if (context.history.directions().size() != 1) {
    throw InvalidArgument("pruning needs a study with one objective, found " +
                          std::to_string(context.history.directions().size()));
  }
  const std::span<const IntermediateValue> reports =
      context.history.record(static_cast<std::size_t>(context.number.value)).intermediate;
  if (!is_checked(options_, context.history, reports)) {
    return {};
  }
  const bool maximize = context.history.directions().front() == Direction::kMaximize;
  const std::int64_t step = reports.back().step;
  const double best = pruners::best_report(reports, maximize);
  if (std::isnan(best)) {
    return prune_because(best, std::numeric_limits<double>::quiet_NaN(), step, 0);
  }
  return compare(options_, context.history, best, step, maximize);
}

PrunerEntry percentile_pruner_entry() {
  std::vector<OptionSpec> options{{.name = "percentile",
                                   .kind = OptionKind::kFloat,
                                   .default_value = PercentileOptions{}.percentile,
                                   .low = 0,
                                   .high = 100,
                                   .description = "Share of trials to keep, in percent."}};
  for (OptionSpec& spec : pruners::schedule_option_specs()) {
    options.push_back(std::move(spec));
  }
  return {.name = "percentile",
          .description = "Prunes a trial that is worse than a percentile of the others at the same step.",
          .options = std::move(options),
          .make = [](const OptionValues& values) {
            return std::make_shared<const PercentilePruner>(read_options(values));
          }};
}

}  // namespace tune
