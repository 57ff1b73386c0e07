#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tune/study.hpp"

namespace tune {

/// Everything behind a Study. `mutex` guards the history, the cursor and the set of live trials; the rest does
/// not change after construction.
struct Study::Impl {
  Impl(StudyOptions given, StudyRecord stored);

  /// Applies what others wrote to the history. Needs the lock.
  void refresh_locked();
  [[nodiscard]] SamplingContext sampling_context(TrialNumber number) const;
  /// The parameters a trial must take: those of its queue entry, or of the configuration it replicates. Needs
  /// the lock.
  [[nodiscard]] ParamValues forced_params(const FrozenTrial& trial) const;
  [[nodiscard]] std::vector<NewTrial> queue_entries(const std::vector<ParamValues>& points) const;

  StudyOptions options;
  StudyRecord record;
  Owner owner = this_process();
  std::atomic<bool> stopped{false};

  mutable std::mutex mutex;
  History history;
  Cursor cursor;
  /// Trials in the hands of this object: what it knows of them is newer than what the storage tells.
  std::set<TrialNumber> live;
};

/// Everything behind a Trial.
struct Trial::State {
  Study::Impl* study = nullptr;
  Claim claim;
  FrozenTrial frozen;  ///< As the storage will hold it once everything is stored.
  Attributes unstored_system_attrs;
  ParamValues forced;   ///< Values the trial must take, by name.
  ParamValues decided;  ///< External values suggested so far.
  RelativeSample relative;
  std::size_t n_stored_params = 0;
  std::vector<double> constraints;
  PruneDecision last_decision;

  /// Decides one parameter and records it in the history. Needs the study's lock.
  ParamValue suggest_locked(std::string_view name, const Distribution& distribution);
  /// Stores the parameters that the storage does not have yet.
  void store_params(const Attributes& system_attrs = {}, bool durable = false);

 private:
  [[nodiscard]] double decide(std::string_view name, const Distribution& distribution) const;
};

}  // namespace tune
