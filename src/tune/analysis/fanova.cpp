#include "tune/analysis/fanova.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "tune/analysis/counted_trials.hpp"
#include "tune/analysis/tree_variance.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace tune::analysis {
namespace {

using Names = std::vector<std::string>;
using Space = std::map<std::string, Distribution, std::less<>>;

/// A parameter, and in how many trials it had this distribution.
struct Shared {
  Distribution distribution;
  std::size_t n_trials = 0;
};

/// The parameters that all COMPLETE trials suggested from one and the same distribution.
Space common_space(std::span<const FrozenTrial> trials) {
  std::map<std::string, Shared, std::less<>> seen;
  std::size_t n_complete = 0;
  for (const FrozenTrial& trial : trials) {
    if (trial.state != TrialState::kComplete) continue;
    ++n_complete;
    for (const Param& param : trial.params) {
      Shared& shared = seen.try_emplace(param.name, Shared{param.distribution, 0}).first->second;
      if (shared.distribution == param.distribution) ++shared.n_trials;
    }
  }
  Space common;
  for (const auto& [name, shared] : seen) {
    if (shared.n_trials == n_complete) common.emplace(name, shared.distribution);
  }
  return common;
}

bool has_all(const FrozenTrial& trial, const Names& names) {
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return trial.find_param(name) != nullptr; });
}

void add_or_compare(Space& space, const FrozenTrial& trial, const Names& names) {
  for (const std::string& name : names) {
    const Distribution& distribution = trial.find_param(name)->distribution;
    if (space.try_emplace(name, distribution).first->second != distribution) {
      throw InvalidArgument(fmt::format(
          "fANOVA needs one range a parameter; that of \"{}\" is another one in trial {} than before", name,
          trial.number.value));
    }
  }
}

/// The wanted parameters, as the COMPLETE trials that have all of them suggested them.
Space wanted_space(std::span<const FrozenTrial> trials, const Names& wanted) {
  Space space;
  for (const FrozenTrial& trial : trials) {
    if (trial.state == TrialState::kComplete && has_all(trial, wanted)) add_or_compare(space, trial, wanted);
  }
  if (space.empty() && !wanted.empty()) {
    throw InvalidArgument(
        fmt::format("no COMPLETE trial has all of the parameters {}", fmt::join(wanted, ", ")));
  }
  return space;
}

/// The trials that count, of those that have every parameter.
CountedTrials trials_with(const Space& space, const CountedTrials& counted) {
  CountedTrials chosen{{}, math::PointSet(1)};
  for (std::size_t i = 0; i < counted.trials.size(); ++i) {
    const auto& params = counted.trials[i]->params;
    const auto n_members = std::count_if(params.begin(), params.end(),
                                         [&](const Param& param) { return space.contains(param.name); });
    if (static_cast<std::size_t>(n_members) != space.size()) continue;
    chosen.trials.push_back(counted.trials[i]);
    chosen.losses.add(counted.losses[i]);
  }
  return chosen;
}

struct RangeOf {
  FeatureRange operator()(const FloatDistribution& d) const { return {d.low, d.high}; }
  FeatureRange operator()(const IntDistribution& d) const {
    return {static_cast<double>(d.low), static_cast<double>(d.high)};
  }
  FeatureRange operator()(const CategoricalDistribution&) const { return {}; }
};

/// In single precision, as scikit-learn's trees read it.
float in_single_precision(double value) {
  constexpr double kMost = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kMost, kMost));
}

/// Targets so large that their squares would not be finite, divided by a power of two: importances are shares
/// of the variance.
void make_squares_finite(std::vector<double>& targets) {
  constexpr int kMostDigits = std::numeric_limits<double>::max_exponent / 4;
  double largest = 0.0;
  for (const double target : targets) largest = std::max(largest, std::abs(target));
  const int excess = largest > 0.0 ? std::ilogb(largest) - kMostDigits : 0;
  if (excess <= 0) return;
  for (double& target : targets) target = std::ldexp(target, -excess);
}

/// What the forest learns from, and which parameter each feature is.
struct Problem {
  TrainingData data;
  std::vector<FeatureRange> ranges;
  Names names;
};

Problem problem_of(const Space& space, const CountedTrials& counted) {
  Problem problem;
  std::map<std::string_view, std::size_t> feature_of;
  for (const auto& [name, distribution] : space) {
    if (is_single(distribution)) continue;
    feature_of.emplace(name, problem.names.size());
    problem.names.push_back(name);
    problem.data.features.push_back({std::holds_alternative<CategoricalDistribution>(distribution), {}});
    problem.ranges.push_back(std::visit(RangeOf{}, distribution));
  }
  for (std::size_t i = 0; i < counted.trials.size(); ++i) {
    problem.data.targets.push_back(counted.losses[i][0]);
    for (const Param& param : counted.trials[i]->params) {
      const auto found = feature_of.find(param.name);
      if (found == feature_of.end()) continue;
      problem.data.features[found->second].values.push_back(in_single_precision(param.value));
    }
  }
  make_squares_finite(problem.data.targets);
  return problem;
}

/// The mean over the trees that predict anything but one value. Throws InvalidArgument when there is none.
std::vector<double> mean_fractions(const Problem& problem, const Fanova& options) {
  const TreeGrower grower(problem.data);
  std::vector<double> fractions(problem.names.size());
  std::size_t n_counted = 0;
  for (std::size_t t = 0; t < options.n_trees; ++t) {
    RandomStream stream({options.seed, t, Purpose::kSuggestion, stable_hash("fanova")});
    const RegressionTree tree = grower.grow(options.max_depth, stream);
    const TreeVariance variance = tree_variance(tree, problem.data.features, problem.ranges);
    if (!(variance.total > 0.0)) continue;
    ++n_counted;
    for (std::size_t f = 0; f < fractions.size(); ++f) {
      fractions[f] += variance.of_feature[f] / variance.total;
    }
  }
  if (n_counted == 0)
    throw InvalidArgument("fANOVA has nothing to explain: the trials have equal values, or equal parameters");
  for (double& fraction : fractions) fraction /= static_cast<double>(n_counted);
  return fractions;
}

void check(std::span<const Direction> directions, const ImportanceOptions& options, const Fanova& evaluator) {
  if (directions.size() > 1 && !options.objective) {
    throw InvalidArgument(
        fmt::format("fANOVA looks at one objective; the study has {}: say which one", directions.size()));
  }
  if (evaluator.n_trees == 0 || evaluator.max_depth == 0) {
    throw InvalidArgument(fmt::format("fANOVA: expected n_trees and max_depth of at least 1, found {} and {}",
                                      evaluator.n_trees, evaluator.max_depth));
  }
}

}  // namespace

std::vector<ParamImportance> fanova(std::span<const FrozenTrial> trials, std::span<const Direction> directions,
                                    const ImportanceOptions& options, const Fanova& evaluator) {
  check(directions, options, evaluator);
  const Space space = options.params ? wanted_space(trials, *options.params) : common_space(trials);
  const CountedTrials counted =
      trials_with(space, counted_trials(trials, directions, options.objective.value_or(0)));
  std::vector<ParamImportance> answer;
  for (const auto& [name, distribution] : space) answer.push_back({name, 0.0});
  const Problem problem = problem_of(space, counted);
  if (problem.names.empty() || counted.trials.size() <= 1) return answer;
  const std::vector<double> fractions = mean_fractions(problem, evaluator);
  for (auto [f, member] = std::pair(std::size_t{0}, answer.begin()); member != answer.end(); ++member) {
    if (f < fractions.size() && member->name == problem.names[f]) member->importance = fractions[f++];
  }
  return answer;
}

}  // namespace tune::analysis
