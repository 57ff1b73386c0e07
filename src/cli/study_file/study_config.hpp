#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/study_file/complaint.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/objective.hpp"
#include "tune/option.hpp"
#include "tune/samplers/sampler.hpp"
#include "tune/search_space.hpp"

namespace fmnist_tune {

/// The objective's setting that says what trains, and its value that leaves this to the objective.
inline constexpr const char* kEngineSetting = "engine";
inline constexpr const char* kAutomaticEngine = "auto";

struct ObjectiveGoal {
  std::string metric;
  tune::Direction direction = tune::Direction::kMaximize;
};

/// Options as given in the file, checked against the registry; defaults are not filled in.
using GivenOptions = std::map<std::string, tune::ParamValue, std::less<>>;

struct SamplerChoice {
  std::string type = "gp_tpe";
  std::uint64_t seed = 0;
  GivenOptions options;
};

struct PrunerChoice {
  std::string type = "nop";
  GivenOptions options;
};

struct ObjectiveChoice {
  std::string type;
  tune::OptionValues settings;  ///< Complete: the manifest's defaults filled in.
};

/// A bound on something that the objective measures; a trial is feasible when every bound holds.
struct ConstraintBound {
  std::string metric;
  std::optional<double> at_most;
  std::optional<double> at_least;
};

struct Limits {
  std::optional<double> max_trial_seconds;
  std::optional<std::int64_t> max_trial_memory_mib;  ///< As the objective estimates it; likewise the next one.
  std::optional<double> max_epoch_gflops;            ///< Billions of floating point operations an epoch.
  std::optional<std::int64_t> stagnation;            ///< Trials without a better value that end the run.
  std::optional<std::int64_t> failures_in_row;       ///< FAILs in a row that end the run.
};

/// A study file, read and checked. `studies/README.md` explains every key.
struct StudyConfig {
  std::string name;
  std::vector<ObjectiveGoal> objectives;  ///< At least one.
  SamplerChoice sampler;
  PrunerChoice pruner;  ///< When the file names none: median where it can work, else nop.
  ObjectiveChoice objective;
  tune::SearchSpace space;
  tune::ParamValues fixed;
  std::vector<tune::ParamValues> points;
  std::int64_t replicates = 1;
  std::optional<std::uint64_t> training_seed;
  std::vector<ConstraintBound> constraints;
  Limits limits;
  std::optional<tune::Duplicates> duplicates;  ///< When the file does not say: the sampler's.
  std::optional<std::string> storage;
  std::optional<std::int64_t> reproducible_window;
  /// The file as one line of JSON, without `$schema`: reading it again gives the same config.
  std::string text;
};

/// What each objective type that a study file may name can be told.
using Manifests = std::vector<const tune::ObjectiveManifest*>;

/// The manifest of a type that a study file named: the reader takes no other.
[[nodiscard]] const tune::ObjectiveManifest& manifest_of(const Manifests& manifests, std::string_view type);

/// Reads and checks a study file. Throws StudyFileError with everything that is wrong with it, also when it
/// cannot be read. Cost: linear in the file, which may have 1 MiB.
[[nodiscard]] StudyConfig read_study_file(const std::filesystem::path& path, const Manifests& manifests);

/// The same for text from elsewhere (the copy that a study keeps); `source` stands for the path in complaints.
[[nodiscard]] StudyConfig parse_study_text(std::string_view text, std::string_view source,
                                           const Manifests& manifests);

/// Reads configurations for a study of this file as its `points` would be read: one JSON object or a list of
/// them. Throws StudyFileError.
[[nodiscard]] std::vector<tune::ParamValues> parse_points(std::string_view text, std::string_view source,
                                                          const StudyConfig& config,
                                                          const Manifests& manifests);

/// The same for a study without a study file, of which only the parameters that its trials had are known:
/// others are taken as they are.
[[nodiscard]] std::vector<tune::ParamValues> parse_points(std::string_view text, std::string_view source,
                                                          const tune::SearchSpace& known);

}  // namespace fmnist_tune
