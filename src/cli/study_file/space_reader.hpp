#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/study_file/node_reader.hpp"
#include "tune/objective.hpp"
#include "tune/search_space.hpp"

namespace fmnist_tune {

/// The most parameters that a space may declare, layers counted one by one.
inline constexpr std::size_t kMaxParameters = 10'000;
/// The most configurations that a file may list.
inline constexpr std::size_t kMaxPoints = 100'000;
inline constexpr std::int64_t kMaxReplicates = 1000;

struct SpaceReading {
  tune::SearchSpace space;  ///< All that was declared without a mistake.
  /// Names that the file declares with a mistake; what refers to them has been complained about enough.
  std::set<std::string, std::less<>> broken;
};

/// Reads `fixed`: a value for parameters that the space does not name.
[[nodiscard]] tune::ParamValues read_fixed(const Place& object, const tune::ObjectiveManifest& manifest);

/// Reads `space`. Parents of `when` and `repeat` may stand anywhere in the file, also in `fixed`, or be left at
/// the objective's default; the space gets parents before children and else keeps the order of the file.
[[nodiscard]] SpaceReading read_space(const Place& object, const tune::ObjectiveManifest& manifest,
                                      const tune::ParamValues& fixed);

/// Complains about parameters that stand in both.
void check_fixed_against_space(const Place& fixed, const Place& space, const SpaceReading& reading);

/// Reads `points`: lists of values for parameters of the space, complete or partial.
[[nodiscard]] std::vector<tune::ParamValues> read_points(const Place& list, const SpaceReading& reading,
                                                         const tune::ObjectiveManifest& manifest);

}  // namespace fmnist_tune
