#include "cli/run/study_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <set>
#include <thread>

#include "cli/run/study_check.hpp"
#include "cli/run/study_opening.hpp"
#include "tune/running_trial.hpp"
#include "tune/study.hpp"

namespace fmnist_tune {
namespace {

/// Of a long list of choices only so many are tried on the objective.
constexpr std::size_t kMostChoices = 100;

std::vector<tune::ParamValues> some_of(const std::vector<tune::ParamValues>& points, std::size_t n) {
  if (points.size() <= n) return points;
  std::vector<tune::ParamValues> found;
  for (std::size_t i = 0; i < n; ++i) found.push_back(points[i * points.size() / n]);
  return found;
}

/// Values of a parameter at the borders of what it can be.
std::vector<tune::ParamValue> extremes(const tune::Distribution& distribution) {
  if (const auto* real = std::get_if<tune::FloatDistribution>(&distribution)) return {real->low, real->high};
  if (const auto* whole = std::get_if<tune::IntDistribution>(&distribution)) return {whole->low, whole->high};
  const auto& choices = std::get<tune::CategoricalDistribution>(distribution).choices;
  return {choices.begin(),
          choices.begin() + static_cast<std::ptrdiff_t>(std::min(choices.size(), kMostChoices))};
}

/// What the objective says against the parameters, or an empty text.
std::string objection(const tune::Objective& objective, const tune::ParamValues& params) {
  try {
    static_cast<void>(objective.estimate(params));
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

void estimate(const StudyConfig& config, const std::vector<tune::OptionSpec>& parameters,
              const tune::Objective& objective, PlannedTrial& trial) {
  try {
    trial.estimate = objective.estimate(tune::complete_params(trial.suggested, config.fixed, parameters));
    trial.verdict = tune::judge_cost(trial.estimate, cost_limits_of(config.limits));
  } catch (const std::exception& error) {
    trial.error = error.what();
  }
}

void measure(const StudyConfig& config, const std::vector<tune::OptionSpec>& parameters,
             const tune::Objective& objective, const tune::DeviceSlot& slot, PlannedTrial& trial) {
  try {
    const auto params = tune::complete_params(trial.suggested, config.fixed, parameters);
    const double seconds = objective.seconds_per_epoch(params, slot);
    if (seconds > 0.0) trial.seconds_per_epoch = seconds;
  } catch (const std::exception& error) {
    trial.error = error.what();
  }
}

void warn_about_values(const StudyConfig& config, const std::vector<tune::OptionSpec>& parameters,
                       const tune::Objective& objective, const tune::ParamValues& suggested,
                       std::vector<std::string>& warnings, std::set<std::string>& seen) {
  for (const tune::ParameterDeclaration& declaration : config.space.parameters()) {
    if (!suggested.contains(declaration.name)) continue;
    for (const tune::ParamValue& value : extremes(declaration.distribution)) {
      tune::ParamValues changed = suggested;
      changed.insert_or_assign(declaration.name, value);
      const auto said = objection(objective, tune::complete_params(changed, config.fixed, parameters));
      if (said.empty() || !seen.insert(said).second) continue;
      warnings.push_back(
          fmt::format("{} of {} cannot be trained: {}", declaration.name, tune::to_text(value), said));
    }
  }
}

}  // namespace

std::vector<tune::DeviceSlot> StudyPlan::busy_slots() const {
  const auto n = std::min(static_cast<std::int64_t>(slots.size()), std::max<std::int64_t>(1, n_trials));
  return {slots.begin(), slots.begin() + n};
}

std::optional<double> StudyPlan::seconds_of(const PlannedTrial& trial) const {
  if (trial.verdict.is_rejected() || !trial.error.empty()) return 0.0;
  if (!trial.seconds_per_epoch) return std::nullopt;
  const double all = *trial.seconds_per_epoch * static_cast<double>(n_epochs);
  return max_trial_seconds ? std::min(all, *max_trial_seconds) : all;
}

std::optional<double> StudyPlan::seconds() const {
  double sum = 0.0;
  std::size_t n = 0;
  for (const PlannedTrial& trial : trials) {
    const auto seconds = seconds_of(trial);
    if (!seconds) continue;
    sum += *seconds;
    ++n;
  }
  if (n == 0 || slots.empty()) return std::nullopt;
  return sum / static_cast<double>(n) * static_cast<double>(n_trials) /
         static_cast<double>(busy_slots().size());
}

std::vector<tune::ParamValues> planned_configurations(const StudyConfig& config, std::size_t n,
                                                      const tune::AffordableCheck& is_affordable) {
  if (config.sampler.type == "none") return some_of(config.points, n);
  tune::StudyOptions options = search_options(config, config.sampler.seed);
  // Neither waits for results that never come nor asks for one configuration twice.
  options.reproducible_window.reset();
  options.replicates = 1;
  options.is_affordable = is_affordable;
  auto study = tune::Study::create(std::move(options));
  std::vector<tune::ParamValues> found;
  std::vector<tune::Trial> running;
  while (found.size() < n) {
    auto ask = study.ask_within(std::nullopt);
    if (!ask.trial) break;
    found.push_back(ask.trial->params());
    running.push_back(std::move(*ask.trial));
  }
  return found;
}

std::vector<PlannedTrial> plan_trials(const StudyConfig& config,
                                      const std::vector<tune::OptionSpec>& parameters,
                                      tune::Objective& objective, const std::vector<tune::DeviceSlot>& slots,
                                      const std::vector<tune::ParamValues>& configurations) {
  std::vector<PlannedTrial> trials;
  for (const tune::ParamValues& configuration : configurations)
    estimate(config, parameters, objective, trials.emplace_back(PlannedTrial{configuration}));
  std::vector<PlannedTrial*> measured;
  for (PlannedTrial& trial : trials)
    if (trial.error.empty() && !trial.verdict.is_rejected()) measured.push_back(&trial);
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> n_left{measured.size()};
  const auto work = [&](const tune::DeviceSlot& slot) {
    try {
      objective.prepare_worker(slot);
    } catch (const std::exception&) {
      return;  // The other slots do its part; where none can, nothing is measured.
    }
    for (std::size_t i = next++; n_left > 0; i = next++) {
      if (i < measured.size()) {
        measure(config, parameters, objective, slot, *measured[i]);
        --n_left;
      } else {
        PlannedTrial beside{measured[i % measured.size()]->suggested};
        measure(config, parameters, objective, slot, beside);
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (const tune::DeviceSlot& slot : slots) workers.emplace_back(work, std::cref(slot));
  }
  return trials;
}

std::vector<std::string> plan_warnings(const StudyConfig& config,
                                       const std::vector<tune::OptionSpec>& parameters,
                                       const tune::Objective& objective,
                                       const std::vector<PlannedTrial>& trials) {
  std::vector<std::string> warnings;
  std::set<std::string> seen;
  for (const PlannedTrial& trial : trials) {
    if (trial.error.empty()) warn_about_values(config, parameters, objective, trial.suggested, warnings, seen);
  }
  std::size_t n_rejected = 0;
  for (const PlannedTrial& trial : trials) {
    n_rejected += trial.verdict.is_rejected() ? 1U : 0U;
    if (trial.error.empty() || !seen.insert(trial.error).second) continue;
    warnings.push_back(fmt::format("a planned configuration cannot be trained: {}", trial.error));
  }
  if (n_rejected > 0) {
    warnings.push_back(fmt::format("{} of {} planned configurations are beyond the limits and would be pruned",
                                   n_rejected, trials.size()));
  }
  return warnings;
}

}  // namespace fmnist_tune
