#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/option.hpp"

namespace fmnist_tune {

/// What a run can be advised on: the study as it stands at its end.
struct AdviceSubject {
  std::vector<tune::FrozenTrial> trials;  ///< All of them, with their intermediate values.
  std::vector<tune::Direction> directions;
  std::vector<std::string> metrics;  ///< One a direction.
  /// The parameters that the objective knows, with the numbers that it takes.
  std::vector<tune::OptionSpec> parameters;
  std::optional<std::int64_t> validation_examples;
  /// As a shell reads it, with the options that a command on this study needs besides.
  std::string storage;
};

/// At most three lines, each computed from the trials, each left out where there is nothing to say: parameters
/// whose best values lie at an end of their range that may be moved, trials that noise cannot tell from the
/// best one, what pruning saved. The first two need one objective.
///
/// An end counts when the best trial lies within 2 % of it (of the logarithm for `log`) and so do, within 10 %,
/// most of the five best (all of them where there are fewer than ten values; fewer than three have no middle);
/// there are ten COMPLETE trials at least, and the objective takes values beyond it.
///
/// The noise is that of replicates, trials of equal parameters, where there are three at least beyond the first
/// of each configuration; else, for a validation accuracy, the binomial error of the known number of validation
/// examples. A difference counts beyond 1.96 standard errors, with replicates beyond
/// the quantile of Student's t that is 1.96 for many of them.
[[nodiscard]] std::vector<std::string> advice_on(const AdviceSubject& subject);

}  // namespace fmnist_tune
