#include "cli/run/study_opening.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/output/json.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/study_changes.hpp"
#include "cli/run/waiting.hpp"
#include "cli/version.hpp"
#include "tune/error.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/samplers/registry.hpp"

namespace fmnist_tune {
namespace {

/// Optuna and its dashboard keep the names of objectives under different keys.
void add_metric_names(tune::Attributes& attributes, const StudyConfig& config) {
  Json names = Json::array();
  for (const ObjectiveGoal& goal : config.objectives) names.push_back(goal.metric);
  attributes["study:metric_names"] = names.dump();
  attributes["dashboard:objective_names"] = names.dump();
}

bool keeps_facts(const tune::StudyRecord& stored) {
  const auto kept = stored.system_attrs.find(kProvenanceKey);
  return kept != stored.system_attrs.end() && kept->second != provenance_json({});
}

tune::StudyOptions options_of(const StudyOpening& opening, const std::shared_ptr<tune::Storage>& storage,
                              std::uint64_t seed) {
  tune::StudyOptions options = search_options(opening.config, seed);
  options.storage = storage;
  options.asks_for_outsiders = opening.asks_for_outsiders;
  options.is_affordable = opening.is_affordable;
  return options;
}

tune::Study resume(const StudyOpening& opening, const std::shared_ptr<tune::Storage>& storage,
                   const tune::StudyRecord& stored, spdlog::logger& log) {
  const StudyConfig& config = opening.config;
  const auto trials = [&] { return storage->changes_since(stored.id, {}).trials; };
  Resumption resumption = check_resumable(stored, config, opening.asked_seed, opening.manifests, trials);
  const ProvenanceReview review = review_provenance(stored, opening.provenance, config);
  resumption.remarks.insert(resumption.remarks.end(), review.remarks.begin(), review.remarks.end());
  for (const std::string& remark : resumption.remarks) log.info("{}", remark);
  auto study = tune::Study::load(options_of(opening, storage, resumption.seed));
  if (!resumption.made_elsewhere) study.enqueue_points(config.points);
  // A study that was made without an objective, for its queue, has no facts before its first run.
  const bool has_first_facts = !opening.provenance.empty() && !keeps_facts(stored);
  if (resumption.made_elsewhere || has_first_facts || !resumption.remarks.empty()) {
    tune::Attributes attributes = kept_attributes(opening.config, resumption.seed, review.json);
    if (!resumption.remarks.empty() && !resumption.made_elsewhere)
      attributes[kChangesKey] = with_change(stored, resumption.remarks, tune::now());
    storage->set_study_attributes(stored.id, tune::AttributeKind::kSystem, attributes);
  }
  const tune::TakenOver taken = study.requeue_dead_trials(opening.takeover);
  if (!taken.requeued.empty() || !taken.failed.empty()) log.info("{}", takeover_text(taken));
  return study;
}

}  // namespace

tune::Attributes kept_attributes(const StudyConfig& config, std::uint64_t seed, const std::string& provenance) {
  tune::Attributes attributes = {{kStudyFileKey, Json(config.text).dump()},
                                 {kSeedKey, Json(seed).dump()},
                                 {kVersionKey, Json(kVersion).dump()},
                                 {kProvenanceKey, provenance}};
  add_metric_names(attributes, config);
  return attributes;
}

tune::StudyOptions search_options(const StudyConfig& config, std::uint64_t seed) {
  tune::StudyOptions options;
  options.study_name = config.name;
  options.directions = directions_of(config);
  options.sampler = tune::make_sampler(config.sampler.type, config.sampler.options);
  options.pruner = tune::make_pruner(config.pruner.type, config.pruner.options);
  options.seed = seed;
  options.space = config.space;
  options.replicates = config.replicates;
  options.duplicates = config.duplicates;
  options.reproducible_window = config.reproducible_window;
  options.stagnation = config.limits.stagnation;
  return options;
}

tune::Study open_study(const StudyOpening& opening, const std::shared_ptr<tune::Storage>& storage,
                       spdlog::logger& log) {
  if (const auto stored = storage->find_study(opening.config.name))
    return resume(opening, storage, *stored, log);
  const std::uint64_t seed = opening.asked_seed.value_or(opening.config.sampler.seed);
  auto options = options_of(opening, storage, seed);
  options.points = opening.config.points;
  options.system_attrs = kept_attributes(opening.config, seed, provenance_json(opening.provenance));
  options.system_attrs.insert(opening.marks.begin(), opening.marks.end());
  try {
    return tune::Study::create(std::move(options));
  } catch (const tune::StudyExists&) {
    // Another process was faster: go on with its study.
    return resume(opening, storage, storage->find_study(opening.config.name).value(), log);
  }
}

}  // namespace fmnist_tune
