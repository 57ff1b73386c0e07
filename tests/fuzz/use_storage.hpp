#pragma once

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "fuzz/property.hpp"
#include "tune/samplers/registry.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_check.hpp"
#include "tune/storages/sqlite_reader.hpp"
#include "tune/study.hpp"

namespace tune::testing {

/// Asks a file everything that the commands ask.
inline void read_everything(const std::filesystem::path& path) {
  is_taken([&] { (void)check_sqlite_file(path); });
  is_taken([&] {
    SqliteReader reader(path);
    is_taken([&] { (void)reader.studies(); });
    for (const StudyRecord& study : reader.study_records()) {
      (void)reader.find_study(study.name);
      is_taken([&] { (void)reader.best_trial(study.id); });
      TrialFilter filter;
      filter.with_intermediate = true;
      is_taken([&] { (void)reader.trials(study.id, filter); });
    }
  });
}

inline void run_trial(Storage& storage, const StudyRecord& study) {
  const Reservation taken = storage.reserve(study.id, this_process());
  is_taken([&] { storage.start(taken.claim, std::vector{Param{"x", 0.5, FloatDistribution{}}}, {}); });
  storage.report(taken.claim, {0, 1.0}, {});
  const std::vector<double> values(study.directions.size(), 0.5);
  storage.tell(taken.claim, {TrialState::kComplete, values, {}, {}});
}

/// Searches on in a study: a trial by each sampler that learns, judged by the default pruner.
inline void search_further(const std::shared_ptr<Storage>& storage, const StudyRecord& study) {
  for (const char* sampler : {"tpe", "gp_tpe"}) {
    is_taken([&] {
      StudyOptions options;
      options.study_name = study.name;
      options.directions = study.directions;
      options.storage = storage;
      options.sampler = make_sampler(sampler);
      Study further = Study::load(std::move(options));
      const auto trials = further.trials();
      Trial trial = further.ask();
      (void)trial.suggest_float("x", 0.0, 1.0);
      if (!trials.empty()) {
        for (const Param& param : trials.back().params) (void)trial.suggest(param.name, param.distribution);
      }
      if (study.directions.size() == 1) trial.report(1.0, 1);
      if (study.directions.size() == 1) (void)trial.should_prune();
      further.tell(std::move(trial), std::vector<double>(study.directions.size(), 0.5));
    });
  }
}

/// Goes on with every study, and ends by deleting them.
inline void write_everything(const std::filesystem::path& path) {
  is_taken([&] { (void)repair_sqlite_file(path); });
  is_taken([&] {
    const auto storage = open_sqlite_storage(path);
    for (const StudyRecord& study : storage->studies()) {
      is_taken([&] { (void)storage->changes_since(study.id, {}); });
      is_taken([&] { (void)storage->enqueue(study.id, std::vector<NewTrial>(1)); });
      is_taken([&] { run_trial(*storage, study); });
      search_further(storage, study);
      is_taken([&] { storage->requeue(storage->reserve(study.id, this_process()).claim); });
      is_taken([&] { storage->set_study_attributes(study.id, AttributeKind::kUser, {{"a", "1"}}); });
      is_taken([&] { storage->delete_study(study.id); });
    }
  });
}

}  // namespace tune::testing
