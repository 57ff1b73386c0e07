#include "tune/analysis/ped_anova.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tune/analysis/counted_trials.hpp"
#include "tune/analysis/grid_density.hpp"
#include "tune/error.hpp"
#include "tune/samplers/trial_split.hpp"

namespace tune::analysis {
namespace {

constexpr std::size_t kGridPoints = 50;
constexpr std::size_t kLeastTrialsOfARegime = 2;
constexpr double kLeastDensity = 1e-12;

void check(const PedAnova& options) {
  const bool is_sound = options.target_quantile > 0.0 && options.target_quantile < options.region_quantile &&
                        options.region_quantile <= 1.0;
  if (!is_sound) {
    throw InvalidArgument(fmt::format("expected 0 < target_quantile < region_quantile <= 1, found {} and {}",
                                      options.target_quantile, options.region_quantile));
  }
}

/// With the cut-off value itself, so that equal trials are in or out together.
std::vector<bool> no_worse_than_quantile(const math::PointSet& losses, std::size_t n_wanted) {
  std::vector<double> sorted(losses.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = losses[i][0];
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(n_wanted - 1), sorted.end());
  std::vector<bool> chosen(losses.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = losses[i][0] <= sorted[n_wanted - 1];
  return chosen;
}

std::vector<bool> best_trials(const math::PointSet& losses, double quantile) {
  const auto n_wanted = static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(losses.size())));
  if (quantile == 1.0 || n_wanted >= losses.size()) return std::vector<bool>(losses.size(), true);
  return losses.dimensions() == 1 ? no_worse_than_quantile(losses, n_wanted)
                                  : samplers::best_by_rank(losses, n_wanted);
}

std::size_t count(const std::vector<bool>& flags) {
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), true));
}

/// The trials of the region that suggested a parameter from one and the same distribution.
struct Regime {
  const Distribution* distribution = nullptr;
  std::vector<double> region;  ///< The parameter's values, internal.
  std::vector<double> target;  ///< Those of the best trials.
};
using RegimesByParam = std::unordered_map<std::string_view, std::vector<Regime>>;

Regime& regime_of(std::vector<Regime>& regimes, const Distribution& distribution) {
  const auto found = std::find_if(regimes.begin(), regimes.end(),
                                  [&](const Regime& regime) { return *regime.distribution == distribution; });
  return found != regimes.end() ? *found : regimes.emplace_back(Regime{&distribution, {}, {}});
}

RegimesByParam regimes(const CountedTrials& counted, const std::vector<bool>& is_region,
                       const std::vector<bool>& is_target) {
  RegimesByParam by_param;
  for (std::size_t i = 0; i < counted.trials.size(); ++i) {
    if (!is_region[i]) continue;
    for (const Param& param : counted.trials[i]->params) {
      Regime& regime = regime_of(by_param[param.name], param.distribution);
      regime.region.push_back(param.value);
      if (is_target[i]) regime.target.push_back(param.value);
    }
  }
  return by_param;
}

/// Pearson's divergence of the best trials' density from that of the region.
double divergence(const Regime& regime, bool evaluate_on_local) {
  const Distribution& distribution = *regime.distribution;
  const auto density = [&](const std::vector<double>& values) {
    return grid_density(distribution, grid_counts(distribution, values, kGridPoints));
  };
  const std::vector<double> top = density(regime.target);
  const std::vector<double> local = evaluate_on_local ? density(regime.region) : std::vector<double>();
  double sum = 0.0;
  for (std::size_t i = 0; i < top.size(); ++i) {
    const double below = evaluate_on_local ? local[i] + kLeastDensity : 1.0 / static_cast<double>(top.size());
    const double excess = (top[i] + kLeastDensity) / below - 1.0;
    sum += below * excess * excess;
  }
  return sum;
}

/// Theorem 4.2 of the second paper: the divergences of the regimes, by how much the best trials are drawn to
/// each of them.
double importance_of(const std::vector<Regime>& regimes, double n_region, double n_target,
                     bool evaluate_on_local) {
  double sum = 0.0;
  for (const Regime& regime : regimes) {
    const bool counts = regime.region.size() >= kLeastTrialsOfARegime && !regime.target.empty() &&
                        !is_single(*regime.distribution);
    if (!counts) continue;
    const double target_share = static_cast<double>(regime.target.size()) / n_target;
    const double region_share = static_cast<double>(regime.region.size()) / n_region;
    sum += target_share * target_share / region_share * divergence(regime, evaluate_on_local);
  }
  return sum;
}

using Names = std::vector<std::string>;

/// Every parameter of a COMPLETE trial, whatever its value.
std::set<std::string, std::less<>> known_params(std::span<const FrozenTrial> trials) {
  std::set<std::string, std::less<>> names;
  for (const FrozenTrial& trial : trials) {
    if (trial.state != TrialState::kComplete) continue;
    for (const Param& param : trial.params) names.insert(param.name);
  }
  return names;
}

Names wanted_params(std::span<const FrozenTrial> trials, const std::optional<Names>& wanted) {
  const auto known = known_params(trials);
  if (!wanted) return {known.begin(), known.end()};
  for (const std::string& name : *wanted) {
    if (!known.contains(name)) {
      throw InvalidArgument(fmt::format("no COMPLETE trial has the parameter \"{}\"", name));
    }
  }
  const std::set<std::string> unique(wanted->begin(), wanted->end());
  return {unique.begin(), unique.end()};
}

}  // namespace

std::vector<ParamImportance> ped_anova(std::span<const FrozenTrial> trials,
                                       std::span<const Direction> directions, const ImportanceOptions& options,
                                       const PedAnova& evaluator) {
  check(evaluator);
  const CountedTrials counted = counted_trials(trials, directions, options.objective);
  std::vector<ParamImportance> answer;
  for (std::string& name : wanted_params(trials, options.params)) answer.push_back({std::move(name), 0.0});
  if (counted.trials.size() <= 1) return answer;
  const std::vector<bool> is_target = best_trials(counted.losses, evaluator.target_quantile);
  const std::vector<bool> is_region = best_trials(counted.losses, evaluator.region_quantile);
  const auto n_target = static_cast<double>(count(is_target));
  const auto n_region = static_cast<double>(count(is_region));
  const RegimesByParam by_param = regimes(counted, is_region, is_target);
  const double quantile = n_target / n_region;
  for (auto& [name, importance] : answer) {
    const auto found = by_param.find(name);
    if (found == by_param.end()) continue;
    importance =
        quantile * quantile * importance_of(found->second, n_region, n_target, evaluator.evaluate_on_local);
  }
  return answer;
}

}  // namespace tune::analysis
