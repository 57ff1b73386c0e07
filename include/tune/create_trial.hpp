#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/search_space.hpp"

namespace tune {

/// A trial that was run elsewhere, for `Study::add_trial`; the fields are the arguments of Optuna's
/// `create_trial`. Give `value` or `values`, not both.
struct TrialTemplate {
  TrialState state = TrialState::kComplete;
  std::optional<double> value{};
  std::vector<double> values{};
  ParamValues params{};                                              ///< External values.
  std::map<std::string, Distribution, std::less<>> distributions{};  ///< One for each of `params`.
  Attributes user_attrs{};
  Attributes system_attrs{};
  std::map<std::int64_t, double> intermediate_values{};  ///< By step.
  std::map<std::string, double> constraints{};           ///< By name; met when ≤ 0.
};

/// The trial, with the current time as start and end where its state has them. Number and id come when it is
/// added. Throws InvalidArgument for what `check_trial` refuses, for `value` beside `values`, a constraint that
/// is NaN, and parameters and distributions of different names.
[[nodiscard]] FrozenTrial create_trial(const TrialTemplate& given);

/// What makes a trial one that can be added to a study, as Optuna checks it: a COMPLETE trial has values, none
/// of them NaN, a FAIL trial none; each parameter lies in its distribution. Throws InvalidArgument that says
/// what does not hold.
void check_trial(const FrozenTrial& trial);

}  // namespace tune
