#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/json.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

/// Two studies side by side.
namespace fmnist_tune {

struct StudyContent {
  tune::StudyRecord study;
  std::vector<tune::FrozenTrial> trials;  ///< All, by number, with their intermediate values.
};

/// A setting that is not the same: a JSON pointer into the study file, or what the study keeps besides it.
struct SettingDifference {
  std::string where;
  std::array<std::optional<Json>, 2> values;  ///< Nothing: it is not set there.
};

/// One study in numbers.
struct StudyNumbers {
  std::array<std::size_t, 5> n_by_state{};  ///< By TrialState.
  std::optional<double> best_value;         ///< With one objective, of the feasible COMPLETE trials.
  std::optional<std::int64_t> best_trial;
  double trial_seconds = 0.0;  ///< Of all finished trials together.
  double span_seconds = 0.0;   ///< From the first start to the last end.
};

/// The best values of the first n finished trials, by number.
struct BestSoFar {
  std::size_t n = 0;
  std::array<std::optional<double>, 2> values;
};

struct StudyDifference {
  std::vector<SettingDifference> settings;
  std::array<StudyNumbers, 2> numbers;
  /// At 1, 2, 5, 10, 20, 50 … trials and at the last number that both have. Empty unless both have one
  /// objective in the same direction.
  std::vector<BestSoFar> best_so_far;
  /// The first thing in which the trials differ: state, parameters, values, intermediate values. Nothing: they
  /// are the same, whatever their times and attributes.
  std::optional<std::string> first_difference;
};

/// Cost: linear in what the studies hold.
[[nodiscard]] StudyDifference compare_studies(const StudyContent& a, const StudyContent& b);

}  // namespace fmnist_tune
