#include "cli/run/study_target.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/options.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/storage_place.hpp"
#include "cli/run/study_check.hpp"
#include "cli/run/study_opening.hpp"
#include "tune/checkpoint_folder.hpp"
#include "tune/error.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

StudyTarget target_of_file(const std::string& file, const po::variables_map& values) {
  StudyTarget target;
  target.is_from_file = true;
  target.config = read_study_file(file, known_manifests());
  target.storage = storage_for(text_option(values, "storage"), *target.config);
  if (const auto name = text_option(values, "study"); name && *name != target.config->name) {
    throw UsageError(fmt::format("--study: {} is the study file of \"{}\", not of \"{}\"", file,
                                 target.config->name, *name));
  }
  if (is_there(target.storage)) {
    target.stored = tune::SqliteReader(target.storage).find_study(target.config->name);
  }
  return target;
}

StudyTarget target_in_storage(const std::string& storage, const po::variables_map& values) {
  StudyTarget target;
  target.storage = storage_path(storage);
  tune::SqliteReader reader(target.storage);
  target.stored = study_of_query(reader, values);
  target.config = kept_config(*target.stored, known_manifests());
  return target;
}

tune::Study open_by_file(const StudyTarget& target, const std::shared_ptr<tune::Storage>& storage,
                         bool asks_for_outsiders) {
  const Manifests manifests = known_manifests();
  spdlog::logger log("fmnist-tune", std::make_shared<spdlog::sinks::stderr_sink_st>());
  log.set_pattern("%n: %v");
  const tune::CheckpointFolder checkpoints(tune::CheckpointFolder::beside(target.storage), target.config->name);
  tune::TakeoverRules takeover;
  takeover.kept_step = [&](tune::TrialNumber number) { return checkpoints.kept_step(number); };
  return open_study({*target.config, manifests, std::nullopt, {}, takeover, asks_for_outsiders}, storage, log);
}

}  // namespace

StudyTarget find_target(const po::variables_map& values) {
  const auto argument = text_option(values, kTargetArgument);
  const auto named = text_option(values, "storage");
  if (argument && is_study_file(*argument)) return target_of_file(*argument, values);
  if (argument && named) throw UsageError("give the storage once: as DB or with --storage");
  if (!argument && !named) throw UsageError("which study? Give its storage or its study file");
  return target_in_storage(argument ? *argument : *named, values);
}

std::vector<tune::FrozenTrial> stored_trials(const StudyTarget& target) {
  return tune::SqliteReader(target.storage).trials(target.stored.value().id);
}

tune::Study open_target(const StudyTarget& target, bool asks_for_outsiders) {
  const auto storage = tune::open_sqlite_storage(target.storage);
  if (target.is_from_file) return open_by_file(target, storage, asks_for_outsiders);
  const tune::StudyRecord& stored = target.stored.value();
  tune::StudyOptions options;
  if (target.config) {
    options = search_options(*target.config,
                             kept_study_file(stored) ? kept_seed(stored) : target.config->sampler.seed);
  }
  // Which pruner the study has is not known: none speaks, and none leaves its reason.
  if (!target.config) options.pruner = std::make_shared<tune::NopPruner>();
  options.study_name = stored.name;
  options.asks_for_outsiders = asks_for_outsiders;
  options.storage = storage;
  return tune::Study::load(std::move(options));
}

}  // namespace fmnist_tune
