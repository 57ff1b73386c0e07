#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tune/samplers/configuration.hpp"
#include "tune/stagnation.hpp"
#include "tune/study.hpp"
#include "tune/suggestion.hpp"

namespace tune {

/// With a storage in memory, a sampler and a pruner where none is given. Throws InvalidArgument for options
/// that contradict each other.
[[nodiscard]] StudyOptions with_default_parts(StudyOptions options);

/// What a trial was given, external values.
[[nodiscard]] ParamValues suggested_params(const History& history, std::size_t number);

/// Everything behind a Study. `mutex` guards the history, the cursor and the set of live trials; the rest does
/// not change after construction.
struct Study::Impl {
  Impl(StudyOptions given, StudyRecord stored);

  /// Ends this object's hold on a trial, unless it was handed out again since. Needs the lock.
  void let_go(const Claim& claim);
  /// Ends this object's hold on a trial that others have taken or ended: what they wrote counts. Takes the
  /// lock.
  void lose(const Claim& claim);
  /// The same for who has the lock.
  void lose_locked(const Claim& claim);
  /// Applies what others wrote to the history. Needs the lock.
  void refresh_locked();
  /// What may count for that trial: all, or what the reproducible window lets it see. Needs the lock.
  [[nodiscard]] HistoryView view_for(TrialNumber number) const;
  /// True while a reproducible study lacks a result or the parameters that the trial is suggested from. Needs
  /// the lock. Throws InvalidArgument when another program runs a trial that it would have to wait for.
  [[nodiscard]] bool must_wait(TrialNumber number) const;
  /// The trial that will be reserved next, as far as this process knows. Needs the lock.
  [[nodiscard]] TrialNumber next_number() const;
  /// Puts the abandoned trials back that could not be put back before. Needs the lock.
  [[nodiscard]] std::vector<TrialNumber> requeue_abandoned();
  /// What the sampler is shown when that trial asks. Needs the lock; holds until the next call.
  [[nodiscard]] SamplingContext sampling_context(TrialNumber number);
  [[nodiscard]] bool avoids_duplicates() const;
  /// How many configurations may still be suggested, when they are finitely many. Needs the lock.
  [[nodiscard]] std::optional<std::uint64_t> n_remaining() const;
  /// The number of trials, in any state, after which there are none. Needs the lock.
  [[nodiscard]] std::optional<std::int64_t> planned_size() const;
  /// The number of trials after which none may begin, for the plan or for stagnation. Needs the lock.
  [[nodiscard]] std::optional<std::int64_t> largest_size();
  /// The number of trials after which none may begin before more results are known, in a reproducible study.
  /// Needs the lock.
  [[nodiscard]] std::optional<std::int64_t> window_size() const;
  /// Storage::reserve, so that no process begins more trials than that; says in `result` when all of them are
  /// finished. Needs the lock.
  [[nodiscard]] Reservation reserve_within_plan(std::optional<std::int64_t> max_trials, AskResult& result);
  /// The parameters a trial must take: those of its queue entry, or of the configuration it replicates. Needs
  /// the lock.
  [[nodiscard]] ParamValues forced_params(const FrozenTrial& trial) const;
  /// True while the trial that this one replicates is being given its parameters by another process. Needs the
  /// lock.
  [[nodiscard]] bool original_is_open(TrialNumber number) const;
  /// True while duplicates are avoided and another process is giving an earlier trial its parameters, for a
  /// moment at most. Needs the lock.
  [[nodiscard]] bool may_be_duplicated(TrialNumber number);
  [[nodiscard]] std::size_t original_of(TrialNumber number) const;
  /// The queue entries of one configuration, one a replicate.
  [[nodiscard]] std::vector<NewTrial> queue_entries(const ParamValues& point,
                                                    const Attributes& system_attrs) const;
  [[nodiscard]] std::vector<NewTrial> queue_entries(const std::vector<ParamValues>& points) const;

  /// Whether a trial in any state has, or must take, these parameters. Needs the lock.
  [[nodiscard]] bool has_configuration(const ParamValues& params) const;
  /// The study as it is stored now. Throws StudyNotFound.
  [[nodiscard]] StudyRecord stored_record() const;

  StudyOptions options;
  StudyRecord record;
  std::optional<std::uint64_t> n_configurations;  ///< Of the declared space, when it is finite.
  Owner owner;                                    ///< Of the trials that this object asks for.
  std::atomic<bool> stopped{false};

  mutable std::mutex mutex;
  History history;
  /// The trial of another process that has no parameters yet, and since when it is waited for.
  struct {
    TrialNumber trial{-1};
    std::chrono::steady_clock::time_point since;
  } awaited;
  TrialGroups groups;  ///< As the pruner left them.
  Cursor cursor;
  std::optional<Stagnation> stagnation;
  /// Trials in the hands of this object: what it knows of them is newer than what the storage tells. Those of
  /// outsiders are in nobody's. The epoch tells two handles of one trial apart.
  std::map<TrialNumber, Claim> live;
  std::vector<TrialNumber> told;  ///< By this object since the history was refreshed, which has them.
  std::vector<Claim> abandoned;   ///< Still RUNNING in the storage, in nobody's hands.
};

/// Everything behind a Trial.
struct Trial::State {
  Study::Impl* study = nullptr;
  Claim claim;
  FrozenTrial frozen;  ///< As the storage will hold it once everything is stored.
  Attributes unstored_system_attrs;
  Preset preset;
  ParamValues decided;  ///< External values suggested so far.
  std::size_t n_stored_params = 0;
  std::vector<double> constraints;
  PruneDecision last_decision;

  /// Decides one parameter and records it in the history. Needs the study's lock.
  ParamValue suggest_locked(std::string_view name, const Distribution& distribution);
  /// Records what was decided for a declared space. Needs the study's lock.
  void take(Suggestion suggestion);
  /// Trial::report, without letting go of a trial that others have taken.
  void report(double value, std::int64_t step);
  /// Throws StaleClaim when the study was given the trial again since: the history shows what the later handle
  /// says. Needs the study's lock.
  void require_latest_locked() const;
  /// Stores the parameters that the storage does not have yet.
  void store_params(const Attributes& system_attrs = {});

 private:
  void record(Param param);
};

}  // namespace tune
