#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/pruners/pruner.hpp"
#include "tune/samplers/sampler.hpp"
#include "tune/search_space.hpp"
#include "tune/storages/storage.hpp"
#include "tune/trial.hpp"

namespace tune {

struct StudyOptions {
  std::string study_name = "study";
  std::vector<Direction> directions = {Direction::kMinimize};
  std::shared_ptr<Storage> storage;        ///< Default: in memory.
  std::shared_ptr<const Sampler> sampler;  ///< Default: tpe.
  std::shared_ptr<const Pruner> pruner;    ///< Default: median, as in Optuna.
  std::uint64_t seed = 0;
  SearchSpace space;                ///< Empty: define-by-run.
  std::int64_t replicates = 1;      ///< Trial n repeats the parameters of trial n − n mod replicates.
  std::vector<ParamValues> points;  ///< Enqueued when the study is created, in the same transaction.
  Attributes user_attrs;            ///< Stored when the study is created.
  Attributes system_attrs;
  bool load_if_exists = false;
};

/// What came of asking for a trial when others run too.
struct AskResult {
  ReserveStatus status = ReserveStatus::kAllFinished;
  std::optional<Trial> trial;  ///< Set when kReserved.
  bool exhausted = false;      ///< The sampler has no further point (status is then kAllFinished).
  std::string error;           ///< Why the enqueued parameters of `trial` cannot be taken: tell it FAIL.
};

/// A sequence of trials with one purpose (Optuna's Study): asks the sampler, stores every event, keeps the
/// history in memory. Every member is safe to call from any thread.
class Study {
 public:
  /// Throws StudyExists (unless `load_if_exists`), InvalidArgument for directions that differ from the stored
  /// ones, and whatever the storage throws.
  static Study create(StudyOptions options);
  /// As create, but the study must be there. `directions` of the options are ignored.
  static Study load(StudyOptions options);
  Study(Study&&) noexcept;
  Study& operator=(Study&&) noexcept;
  ~Study();

  [[nodiscard]] const std::string& study_name() const;
  [[nodiscard]] const std::vector<Direction>& directions() const;
  [[nodiscard]] StudyId id() const;
  [[nodiscard]] Storage& storage() const;
  [[nodiscard]] std::uint64_t seed() const;

  /// Reserves a trial (an enqueued one first) and, for a declared space, suggests and stores its
  /// parameters. Throws InvalidArgument when the parameters of an enqueued trial cannot be taken (it is then
  /// FAIL) and when the sampler has no further point.
  [[nodiscard]] Trial ask();
  /// The same while finished + running trials number less than `max_trials`.
  [[nodiscard]] AskResult ask_within(std::optional<std::int64_t> max_trials);

  /// Ends a trial with its values. A NaN, or a number of values other than the study's objectives, makes it
  /// FAIL, as in Optuna. Returns the trial as stored. The handle is used up when the call returns; after
  /// StorageBusy it may be told again.
  FrozenTrial tell(Trial&& trial, double value);
  FrozenTrial tell(Trial&& trial, const std::vector<double>& values);
  /// Ends a trial as PRUNED (its value: that of its last step, none when that is NaN) or FAIL.
  FrozenTrial tell(Trial&& trial, TrialState state, std::string_view reason = {});
  /// Puts a running trial back into the queue with its parameters; reports after `keep_through_step` go.
  void requeue(Trial&& trial, std::optional<std::int64_t> keep_through_step = std::nullopt);

  /// Drops what this object knows of a trial that was taken over (StaleClaim).
  void forget(Trial&& trial);

  /// Puts configurations into the queue; names outside a declared space and values outside their domain throw
  /// InvalidArgument. A configuration may be partial: the sampler fills in the rest. With replicates each
  /// configuration is enqueued that many times.
  std::vector<TrialNumber> enqueue_trials(const std::vector<ParamValues>& points);
  /// Puts listed points into the queue, each under its index (system attribute `tune:point`); indices that
  /// are in the study already are left out. Two processes that do so at the same moment may both enqueue.
  void enqueue_points(const std::vector<ParamValues>& points);
  /// Requeues the trials of dead processes (DESIGN: owner dead on this host). Returns their numbers.
  std::vector<TrialNumber> requeue_dead_trials();

  /// What `optimize` runs: returns the value, or nothing for PRUNED.
  using Callable = std::function<std::optional<double>(Trial&)>;
  /// Runs `n_trials` trials of `objective` in `n_jobs` threads. An exception makes a trial FAIL and is
  /// rethrown after it is stored, unless `catch_errors`.
  void optimize(const Callable& objective, std::int64_t n_trials, int n_jobs = 1, bool catch_errors = false);
  /// Ends `optimize` after the trials that run now.
  void stop();

  /// The best feasible COMPLETE trial of a study with one objective. Throws InvalidArgument when there is
  /// none or there are several objectives.
  [[nodiscard]] FrozenTrial best_trial() const;
  /// All trials, by number, read from the storage's deltas.
  [[nodiscard]] std::vector<FrozenTrial> trials() const;
  /// How many are in that state, by what this process knows.
  [[nodiscard]] std::size_t count(TrialState state) const;
  /// Brings in what other processes wrote. `ask` does it by itself.
  void refresh();

 private:
  friend class Trial;
  struct Impl;
  explicit Study(std::unique_ptr<Impl> impl);
  /// Suggests and stores the parameters of a reserved trial; false when it went back into the queue.
  bool give_params(Trial::State& trial, AskResult& result);
  void suggest_declared(Trial::State& trial);
  /// Puts a trial back that could not be started.
  void abandon(const Claim& claim);
  FrozenTrial finish(Trial& trial, TrialState state, std::vector<double> values, std::string_view reason);

  std::unique_ptr<Impl> impl_;
};

/// Optuna's names for the two ways in.
[[nodiscard]] inline Study create_study(StudyOptions options) {
  return Study::create(std::move(options));
}
[[nodiscard]] inline Study load_study(StudyOptions options) {
  return Study::load(std::move(options));
}

}  // namespace tune
