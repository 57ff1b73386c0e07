#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/json.hpp"
#include "cli/run/paired_comparison.hpp"
#include "cli/study_file/study_config.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// A study that trains the best trials of another one again, with new seeds, to tell them apart.
namespace fmnist_tune {

/// System attribute of such a study: JSON object with `study`, `trials`, the numbers of its points' trials,
/// and `top`.
inline constexpr const char* kConfirmsKey = "tune:confirms";

/// What is confirmed.
struct Confirmed {
  std::string study;
  std::vector<std::int64_t> trials;  ///< By point.
  std::int64_t top = 0;              ///< So many were asked for; the study may have had fewer.
};

/// How many configurations one study may confirm.
inline constexpr std::int64_t kMostConfirmed = 1000;

/// Nothing for a study that confirms none.
[[nodiscard]] std::optional<Confirmed> confirmed_by(const tune::StudyRecord& study);
/// The attributes that make a study one that confirms.
[[nodiscard]] tune::Attributes confirming_attributes(const Confirmed& confirmed);

/// The best feasible COMPLETE trials with a configuration of their own, at most `n` of them, the best first, on
/// ties the lowest number. One objective.
[[nodiscard]] std::vector<tune::FrozenTrial> best_configurations(std::vector<tune::FrozenTrial> trials,
                                                                 tune::Direction direction, std::size_t n);

/// The text of a study file like that of `study`, with these trials as points and nothing else to search, and a
/// training seed that follows from the study's seed and the new name: replicates of one number share it. Ranges
/// that have become narrower than the trials are widened.
[[nodiscard]] std::string confirming_study_file(const std::string& study, std::uint64_t seed,
                                                const std::string& name,
                                                const std::vector<tune::FrozenTrial>& trials,
                                                std::int64_t n_replicates);

/// The values of each point's replicates, among the trials of a study that confirms.
[[nodiscard]] std::vector<Replicates> replicates_by_point(const std::vector<tune::FrozenTrial>& trials,
                                                          std::size_t n_points, std::int64_t n_replicates);

}  // namespace fmnist_tune
