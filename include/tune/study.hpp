#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/create_trial.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/optimize.hpp"
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
  std::shared_ptr<const Sampler> sampler;  ///< Default: gp_tpe.
  std::shared_ptr<const Pruner> pruner;    ///< Default: median, as in Optuna.
  std::uint64_t seed = 0;
  SearchSpace space;            ///< Empty: define-by-run.
  std::int64_t replicates = 1;  ///< Trial n repeats the parameters of trial n − n mod replicates.
  /// Default: the sampler's. kAvoid needs a declared space; enqueued parameters are taken as they are.
  std::optional<Duplicates> duplicates;
  std::vector<ParamValues> points;  ///< Enqueued when the study is created, in the same transaction.
  Attributes user_attrs;            ///< Stored when the study is created.
  Attributes system_attrs;
  bool load_if_exists = false;
  /// The trials asked for run elsewhere, after this process too: they carry no owner mark, are never taken
  /// over, and whoever knows their number may tell them (`running_trial`). Suggested parameters of a declared
  /// space survive power loss.
  bool asks_for_outsiders = false;
  /// W ≥ 1: trials are suggested in number order, trial n from the results of the trials up to n − W, while
  /// those between count as running even when they are finished; the pruner sees no others either. Any number
  /// of workers up to W then gives the same study; about twice the workers keeps a slow trial from holding
  /// up the rest. Needs a declared space.
  std::optional<std::int64_t> reproducible_window;
  /// ≥ 1: no further trial begins once so many in a row, in number order, brought no better value (see
  /// AskResult::stagnated); enqueued ones still run. One objective only.
  std::optional<std::int64_t> stagnation;
  /// Which configurations would be run, as far as that is known before (`judge_cost`): gp_tpe suggests others
  /// only where it finds no such one. Needs a declared space. Trials that have enqueued parameters take them
  /// all the same. Asked a few hundred times a suggestion at most, while no other trial can be asked for, so it
  /// should take microseconds; what it throws, asking for a trial throws. Default: all.
  AffordableCheck is_affordable{};
};

/// When a running trial is taken from its owner.
struct TakeoverRules {
  /// For owners that cannot be judged from here (another host or pid namespace): how long without a heartbeat.
  std::chrono::seconds lease = std::chrono::seconds(60);
  /// A trial that has lost so many owners, and whose checkpoint came no further meanwhile, becomes FAIL.
  std::int64_t max_deaths = 10;
  /// The step that the checkpoint of a trial reached; empty: no trial has one.
  std::function<std::optional<std::int64_t>(TrialNumber)> kept_step{};
};

/// What came of asking for a trial when others run too.
struct AskResult {
  ReserveStatus status = ReserveStatus::kAllFinished;
  std::optional<Trial> trial;  ///< Set when kReserved.
  bool exhausted = false;      ///< There is nothing further to suggest (status is then kAllFinished).
  bool stagnated = false;      ///< The last `stagnation` trials brought no better value (status likewise).
  /// With `exhausted`, when trials have every configuration of the space: how many there are.
  std::optional<std::uint64_t> n_possible;
  std::string error;  ///< Why the enqueued parameters of `trial` cannot be taken: tell it FAIL.
};

struct EnqueueOptions {
  Attributes user_attrs{};      ///< Of the trial that will run.
  bool skip_if_exists = false;  ///< Leave out a configuration that a trial has.
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
  /// parameters. Throws InvalidArgument when the trial cannot take its parameters, those it was enqueued with
  /// or those of a space that does not fit the study's earlier trials (it is then FAIL) and when the sampler
  /// has no further point.
  [[nodiscard]] Trial ask();
  /// The same while finished + running trials number less than `max_trials`. With a window kOthersRunning
  /// also means that a trial whose result is needed still runs; throws InvalidArgument when another program
  /// runs it.
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
  /// Gives up a trial that the storage refused to store, unless it is finished all the same: it goes back into
  /// the queue, now or, where that is refused too, with the next `requeue_dead_trials` of this object.
  void abandon(Trial&& trial);

  /// Puts configurations into the queue, all in one transaction, and returns the numbers of the trials that
  /// wait to take each. Names outside a declared space, values outside their domain and attributes that are not
  /// JSON throw InvalidArgument. A configuration may be partial: the sampler fills in the rest. With replicates
  /// each configuration is enqueued that many times. With `skip_if_exists` one that a trial in any state has,
  /// or one before it in the list, is left out and gets no numbers (numbers equal to five digits, as in
  /// Optuna).
  std::vector<std::vector<TrialNumber>> enqueue_trials(const std::vector<ParamValues>& points,
                                                       const EnqueueOptions& options = {});
  /// Puts listed points into the queue, each under its index (system attribute `tune:point`); indices that
  /// are in the study already are left out. Two processes that do so at the same moment may both enqueue.
  void enqueue_points(const std::vector<ParamValues>& points);
  /// Takes the trials from processes that are gone: at once when they ran on this host, else when their lease
  /// is over. Trials of other programs are never touched.
  TakenOver requeue_dead_trials(const TakeoverRules& rules = {});
  /// Says that the trials in the hands of this object are still worked on; every few seconds is often enough.
  /// Returns those that it has lost to others.
  std::vector<TrialNumber> heartbeat();
  /// A handle on a RUNNING trial that carries no owner mark: one that an outsider or another program asked
  /// for. Nothing is held: others may tell the trial in the meantime, and a handle may be dropped. Throws
  /// InvalidArgument for a trial that does not run or that a process of this library runs, StorageError when
  /// the study is another one now.
  [[nodiscard]] Trial running_trial(TrialNumber number);

  /// The same for one configuration.
  std::vector<TrialNumber> enqueue_trial(const ParamValues& params, const EnqueueOptions& options = {});
  /// Adds a trial that was run elsewhere (`create_trial`, or one of another study), in any state but RUNNING;
  /// its number and id are given anew. Throws InvalidArgument, and adds nothing, for a trial that `check_trial`
  /// refuses, another number of values than objectives, and parameters incompatible with the study's.
  TrialNumber add_trial(const FrozenTrial& trial);
  /// One after the other: those before one that is refused stay.
  std::vector<TrialNumber> add_trials(const std::vector<FrozenTrial>& trials);

  /// Runs trials of `objective` in threads until as many have run as asked, the time is over, `stop` was called
  /// or the sampler has no further point. An exception makes a trial FAIL with its text as reason; unless
  /// `catches` takes it, the other threads end their trials and it is thrown on. An exception of a callback
  /// ends `optimize` too. InvalidArgument for an `n_jobs` other than −1 and above 0 and a negative `n_trials`.
  void optimize(const ObjectiveFunction& objective, const OptimizeOptions& options = {});
  template <std::integral Count>
  void optimize(const ObjectiveFunction& objective, Count n_trials, int n_jobs = 1) {
    optimize(objective, OptimizeOptions{.n_trials = n_trials, .n_jobs = n_jobs});
  }
  /// Ends `optimize` after the trials that run now; for objectives, callbacks and other threads. Without an
  /// `optimize` that runs it does nothing.
  void stop();

  /// The best feasible COMPLETE trial of a study with one objective. Throws InvalidArgument when there is
  /// none or there are several objectives.
  [[nodiscard]] FrozenTrial best_trial() const;
  /// Value and parameters of the best trial. Throw as best_trial.
  [[nodiscard]] double best_value() const;
  [[nodiscard]] ParamValues best_params() const;
  /// The Pareto front by number, for any number of objectives (see pareto_front); empty when no COMPLETE trial
  /// is feasible.
  [[nodiscard]] std::vector<FrozenTrial> best_trials() const;
  /// All trials, by number, read from the storage's deltas.
  [[nodiscard]] std::vector<FrozenTrial> trials() const;
  /// Those in one of these states.
  [[nodiscard]] std::vector<FrozenTrial> trials(const std::vector<TrialState>& states) const;
  /// How many are in that state, by what this process knows.
  [[nodiscard]] std::size_t count(TrialState state) const;
  /// The study's attributes as they are stored now, and setting one: `json` is JSON text, InvalidArgument for
  /// anything else.
  [[nodiscard]] Attributes user_attrs() const;
  [[nodiscard]] Attributes system_attrs() const;
  void set_user_attr(const std::string& key, const std::string& json);
  void set_system_attr(const std::string& key, const std::string& json);
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
