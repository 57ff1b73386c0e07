#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tune/frozen_trial.hpp"

namespace tune {

/// Optuna 5's default evaluator (`PedAnovaImportanceEvaluator`): how far the density of a parameter among the
/// best trials is from its density among all of them. Watanabe et al., "PED-ANOVA: efficiently quantifying
/// hyperparameter importance in arbitrary subspaces", IJCAI 2023; parameters that not every trial has, and
/// ranges that changed, after "Conditional PED-ANOVA" (arXiv 2601.20800). Nothing in it is random.
///
/// Cost O(n log n) for the best trials, O(n) a parameter.
struct PedAnova {
  double target_quantile = 0.1;   ///< The best trials: this share of all. In (0, region_quantile).
  double region_quantile = 1.0;   ///< What they are held against: this share of the best. In (0, 1].
  bool evaluate_on_local = true;  ///< False: held against the whole range instead of the trials there.
};

/// Functional ANOVA over a random forest (Optuna's `FanovaImportanceEvaluator`): the share of the forest's
/// variance that a parameter alone explains. Hutter, Hoos and Leyton-Brown, "An efficient approach for
/// assessing hyperparameter importance", ICML 2014. The forest is scikit-learn's as Optuna sets it, from this
/// library's random numbers: with the same seed always the same here, and as far from Optuna's as two of its
/// seeds are from each other.
///
/// It looks at parameters that every COMPLETE trial suggested from the same range, and at trials that have all
/// of them. Numbers are taken as they are, also of `log` parameters, in single precision, and differences of up
/// to 1e-7 are not seen. Cost about O(n_trees · n · d · log n) for d parameters.
struct Fanova {
  std::size_t n_trees = 64;    ///< At least 1.
  std::size_t max_depth = 64;  ///< At least 1.
  std::uint64_t seed = 0;
};

/// Which parameters to look at, and what for.
struct ImportanceOptions {
  std::variant<PedAnova, Fanova> evaluator{};
  /// These parameters only; nothing means every parameter of a COMPLETE trial, with fANOVA those of all of
  /// them.
  std::optional<std::vector<std::string>> params{};
  /// The objective, in its direction. Nothing means the only one; of several, being on the Pareto front, which
  /// fANOVA cannot judge.
  std::optional<std::size_t> objective{};
  bool normalize = true;  ///< Shares of 1; equal ones where no importance is above 0.
};

struct ParamImportance {
  std::string name;
  double importance = 0.0;

  friend bool operator==(const ParamImportance&, const ParamImportance&) = default;
};

/// How much each parameter matters, the most important first and equal ones by name: Optuna 5's
/// `get_param_importances`. Counted are COMPLETE trials whose value is finite (with the Pareto front: all
/// values). A parameter with a single value has importance 0. With fewer than two trials that count all are 0.
///
/// Throws InvalidArgument when no COMPLETE trial has a wanted parameter (fANOVA: all of them, with one range
/// each), when there is no such objective, when a COMPLETE trial has another number of values than
/// `directions`, for options out of range, and from fANOVA when all values, or all parameters, are the same.
/// Safe to call from several threads.
[[nodiscard]] std::vector<ParamImportance> param_importances(std::span<const FrozenTrial> trials,
                                                             std::span<const Direction> directions,
                                                             const ImportanceOptions& options = {});

}  // namespace tune
