#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/study_file/study_config.hpp"
#include "tune/frozen_trial.hpp"

namespace fmnist_tune {

/// A trial that has no place in another search space, and why.
struct LeftOut {
  tune::TrialNumber number;
  std::string reason;
};

struct Remapping {
  std::vector<tune::FrozenTrial> trials;  ///< Numbered anew, without gaps.
  std::vector<LeftOut> left_out;
};

/// System attribute of a remapped trial that says how the study it was begun in keyed it: a JSON object with
/// its `number` there and, where that study had one, the `seed`.
inline constexpr const char* kCopiedFromKey = "tune:copied_from";

/// The trials as trials of another study file's space. A trial keeps its values; its parameters get the new
/// distributions, choices their new indices. Left out are trials with a value outside the new space, with a
/// parameter that does not exist there for them, or without one that does; with replicates all trials of a
/// configuration together. Records of how parameters were suggested go: they speak of other trials' numbers.
/// `seed` is the one of the study that the trials are from.
[[nodiscard]] Remapping remap_trials(const std::vector<tune::FrozenTrial>& trials, const StudyConfig& config,
                                     std::optional<std::uint64_t> seed);

/// Of a trial that was copied: how the study that it was begun in keyed it.
struct CopiedFrom {
  std::uint64_t number = 0;
  std::optional<std::uint64_t> seed;
};

[[nodiscard]] std::optional<CopiedFrom> copied_from(const tune::FrozenTrial& trial);

}  // namespace fmnist_tune
