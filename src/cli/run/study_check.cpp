#include "cli/run/study_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/output/json.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/study_file/complaint.hpp"
#include "cli/study_file/differences.hpp"
#include "tune/distribution.hpp"

namespace fmnist_tune {
namespace {

[[noreturn]] void refuse(const tune::StudyRecord& stored, const std::vector<std::string>& reasons) {
  throw UsageError(
      fmt::format("the storage has a study \"{}\" that this study file does not fit:\n  {}\nNothing was "
                  "changed. Give the study "
                  "file another name, or another --storage.",
                  stored.name, fmt::join(reasons, "\n  ")));
}

void check_directions(const tune::StudyRecord& stored, const StudyConfig& config) {
  if (stored.directions == directions_of(config)) return;
  tune::StudyRecord wanted;
  wanted.directions = directions_of(config);
  refuse(stored, {fmt::format("objectives: {} is now {}", directions_text(stored), directions_text(wanted))});
}

Json parsed_attribute(const tune::StudyRecord& stored, const char* key) {
  const auto found = stored.system_attrs.find(key);
  return found == stored.system_attrs.end() ? Json() : Json::parse(found->second, nullptr, false);
}

/// Ours keeps its seed: suggestions are keyed by it.
std::uint64_t seed_of(const tune::StudyRecord& stored, std::optional<std::uint64_t> asked) {
  const std::uint64_t kept = kept_seed(stored);
  if (asked && *asked != kept) {
    refuse(stored, {fmt::format("--seed: the study was begun with seed {} and keeps it, {} was asked for", kept,
                                *asked)});
  }
  return kept;
}

/// Trials of another search space can be taken along into a study of their own.
std::vector<std::string> with_way_out(std::vector<std::string> reasons) {
  const bool is_of_space = std::any_of(reasons.begin(), reasons.end(),
                                       [](const std::string& reason) { return reason.starts_with("space/"); });
  if (is_of_space) {
    reasons.emplace_back(
        "A new study with the trials that fit the new space is made by: fmnist-tune copy-study DB --to NEW.db "
        "--space STUDY.json");
  }
  return reasons;
}

Resumption check_ours(const tune::StudyRecord& stored, const StudyConfig& before, const StudyConfig& config,
                      std::optional<std::uint64_t> asked_seed) {
  Differences found = differences(before, config);
  if (!found.refused.empty()) refuse(stored, with_way_out(found.refused));
  Resumption resumption{seed_of(stored, asked_seed), false, std::move(found.accepted)};
  if (resumption.seed != config.sampler.seed && !asked_seed) {
    resumption.remarks.push_back(fmt::format("the study keeps its seed {}, the study file has {}",
                                             resumption.seed, config.sampler.seed));
  }
  return resumption;
}

/// A study of Optuna's goes on when its trials fit the space. Points could not be told from its own trials.
Resumption check_foreign(const tune::StudyRecord& stored, const StudyConfig& config,
                         std::optional<std::uint64_t> asked_seed, const TrialsOf& trials) {
  std::vector<std::string> reasons;
  if (!config.points.empty() || config.replicates > 1) {
    reasons.emplace_back("points and replicates need a study that was begun with them");
  }
  for (const auto& trial : trials()) {
    for (const tune::Param& param : trial.params) {
      const auto* declared = config.space.find(param.name);
      try {
        if (declared != nullptr) tune::check_compatible(param.name, param.distribution, declared->distribution);
      } catch (const tune::InvalidArgument& error) {
        if (reasons.empty() || reasons.back() != error.what()) reasons.emplace_back(error.what());
      }
    }
  }
  if (!reasons.empty()) refuse(stored, reasons);
  return {asked_seed.value_or(config.sampler.seed),
          true,
          {"the study was made by another program; its trials count, this study file is kept with it"}};
}

}  // namespace

Resumption check_resumable(const tune::StudyRecord& stored, const StudyConfig& config,
                           std::optional<std::uint64_t> asked_seed, const Manifests& manifests,
                           const TrialsOf& trials) {
  check_directions(stored, config);
  const auto before = kept_config(stored, manifests);
  return before ? check_ours(stored, *before, config, asked_seed)
                : check_foreign(stored, config, asked_seed, trials);
}

std::optional<std::string> kept_study_file(const tune::StudyRecord& stored) {
  const Json text = parsed_attribute(stored, kStudyFileKey);
  return text.is_string() ? std::optional(text.get<std::string>()) : std::nullopt;
}

std::optional<StudyConfig> kept_config(const tune::StudyRecord& stored, const Manifests& manifests) {
  const auto text = kept_study_file(stored);
  if (!text) return std::nullopt;
  try {
    return parse_study_text(*text, "the study file kept in the storage", manifests);
  } catch (const StudyFileError& error) {
    throw UsageError(fmt::format(
        "study \"{}\" keeps a study file that cannot be read (system attribute {}); restore the storage from a "
        "copy, or use the version of this program that made it. What is wrong:\n{}",
        stored.name, kStudyFileKey, error.what()));
  }
}

std::uint64_t kept_seed(const tune::StudyRecord& stored) {
  const Json seed = parsed_attribute(stored, kSeedKey);
  if (seed.is_number_unsigned()) return seed.get<std::uint64_t>();
  throw UsageError(
      fmt::format("study \"{}\" has a study file but no seed (system attribute {}): it is damaged; restore the "
                  "storage from a copy",
                  stored.name, kSeedKey));
}

std::vector<tune::Direction> directions_of(const StudyConfig& config) {
  std::vector<tune::Direction> directions;
  for (const ObjectiveGoal& goal : config.objectives) directions.push_back(goal.direction);
  return directions;
}

tune::CostLimits cost_limits_of(const Limits& limits) {
  constexpr double kBytesPerMib = 1024.0 * 1024.0;
  tune::CostLimits cost;
  if (limits.max_trial_memory_mib)
    cost.memory_bytes = static_cast<double>(*limits.max_trial_memory_mib) * kBytesPerMib;
  if (limits.max_epoch_gflops) cost.flops_per_epoch = *limits.max_epoch_gflops * 1e9;
  return cost;
}

}  // namespace fmnist_tune
