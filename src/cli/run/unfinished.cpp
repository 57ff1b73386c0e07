#include "cli/run/unfinished.hpp"

#include "tune/storages/sqlite_reader.hpp"

namespace fmnist_tune {

tune::UnfinishedTrials unfinished_trials_in(const std::filesystem::path& storage) {
  tune::UnfinishedTrials unfinished;
  tune::SqliteReader reader(storage);
  for (const tune::StudyRecord& study : reader.study_records()) {
    auto& numbers = unfinished[study.name];
    for (const auto state : {tune::TrialState::kRunning, tune::TrialState::kWaiting}) {
      for (const auto& trial : reader.trials(study.id, {.state = state})) numbers.insert(trial.number);
    }
  }
  return unfinished;
}

}  // namespace fmnist_tune
