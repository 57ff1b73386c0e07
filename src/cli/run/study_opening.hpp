#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "cli/run/study_check.hpp"
#include "tune/study.hpp"

namespace fmnist_tune {

/// All it takes to open the study of a run.
struct StudyOpening {
  const StudyConfig& config;
  const Manifests& manifests;
  std::optional<std::uint64_t> asked_seed;
  tune::Attributes provenance;  ///< From the objective; empty: none will run its trials now.
  tune::TakeoverRules takeover{};
  bool asks_for_outsiders = false;        ///< See StudyOptions.
  tune::Attributes marks{};               ///< Further system attributes of a study that is created.
  tune::AffordableCheck is_affordable{};  ///< See StudyOptions.
};

/// The system attributes that a study of this file keeps: the file, the seed, what made it, names of metrics.
[[nodiscard]] tune::Attributes kept_attributes(const StudyConfig& config, std::uint64_t seed,
                                               const std::string& provenance);

/// How a study file wants its study searched; no storage, no points.
[[nodiscard]] tune::StudyOptions search_options(const StudyConfig& config, std::uint64_t seed);

/// Creates the study with its points, or goes on with the one that is there: checks it, records an allowed
/// change of the study file, takes over the trials of dead processes. Throws UsageError when it does not fit,
/// before anything is written.
[[nodiscard]] tune::Study open_study(const StudyOpening& opening, const std::shared_ptr<tune::Storage>& storage,
                                     spdlog::logger& log);

}  // namespace fmnist_tune
