#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "fuzz/property.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace tune::testing {

/// Asks a file everything that the commands ask.
inline void read_everything(const std::filesystem::path& path) {
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

/// Goes on with every study, and ends by deleting them.
inline void write_everything(const std::filesystem::path& path) {
  is_taken([&] {
    const auto storage = open_sqlite_storage(path);
    for (const StudyRecord& study : storage->studies()) {
      is_taken([&] { (void)storage->changes_since(study.id, {}); });
      is_taken([&] { (void)storage->enqueue(study.id, std::vector<NewTrial>(1)); });
      is_taken([&] { run_trial(*storage, study); });
      is_taken([&] { storage->requeue(storage->reserve(study.id, this_process()).claim); });
      is_taken([&] { storage->set_study_attributes(study.id, AttributeKind::kUser, {{"a", "1"}}); });
      is_taken([&] { storage->delete_study(study.id); });
    }
  });
}

}  // namespace tune::testing
