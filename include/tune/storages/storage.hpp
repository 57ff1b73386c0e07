#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tune/error.hpp"
#include "tune/frozen_trial.hpp"

namespace tune {

enum class AttributeKind : std::uint8_t { kUser, kSystem };

/// A process that runs trials. Two processes never share all fields, also after a reboot, in containers with
/// one host name, or when a pid is used again. `Owner{}` is nobody: a trial in its hands runs outside of this
/// library, carries no mark and is never taken over, as those of other programs.
struct Owner {
  std::string host;
  std::string boot_id;
  std::int64_t pid = 0;
  std::uint64_t start_time = 0;     ///< Start of the process in clock ticks since boot; 0 when not known.
  std::uint64_t pid_namespace = 0;  ///< In which `pid` counts (inode of /proc/self/ns/pid); 0 when not known.

  friend bool operator==(const Owner&, const Owner&) = default;
};

/// The owner that stands for this process.
[[nodiscard]] Owner this_process();

/// Whether a process still runs, as far as this host can tell.
enum class Liveness : std::uint8_t { kAlive, kDead, kUnknown };
/// kDead only when it is certain: the host was rebooted, the pid is gone, a zombie's, or another process's.
/// kUnknown for other hosts and pid namespaces, and where /proc does not show the process.
[[nodiscard]] Liveness liveness(const Owner& owner);

/// The right to write to one RUNNING trial. It ends when the trial is finished, requeued or taken over:
/// the epoch counts how often the trial was handed out, so a worker that comes back from the dead is refused.
/// One of `Owner{}` holds as long as the trial runs without a mark.
struct Claim {
  TrialId trial;
  TrialNumber number;
  Owner owner;
  std::int64_t epoch = 0;
};

/// Who holds a running trial, and when it was last heard of.
struct Holder {
  Claim claim;
  Timestamp last_seen;  ///< Its last heartbeat, or the start of the trial.
};

/// What happens to running trials whose owner is gone.
struct Takeover {
  std::function<bool(const Holder&)> is_dead;
  /// The step that the checkpoint of a trial reached; empty: no trial has one.
  std::function<std::optional<std::int64_t>(TrialNumber)> kept_step{};
  /// A trial that has lost so many owners without coming further may be what ends them: it becomes FAIL.
  std::int64_t max_deaths = std::numeric_limits<std::int64_t>::max();
};

struct TakenOver {
  std::vector<TrialNumber> requeued;
  std::vector<TrialNumber> failed;
};

/// A trial to be put into the queue.
struct NewTrial {
  std::string fixed_params = "{}";  ///< JSON object, external values: what the trial must take.
  Attributes user_attrs;
  Attributes system_attrs;  ///< Without `fixed_params`.
};

struct NewStudy {
  std::string name;
  std::vector<Direction> directions;  ///< At least one, none kNotSet.
  Attributes user_attrs;
  Attributes system_attrs;
  std::vector<NewTrial> queue{};  ///< WAITING trials created with the study, in the same transaction.
  std::vector<FrozenTrial>
      trials{};  ///< Trials of elsewhere as `add_trial` takes them; numbered before the queue.
};

struct StudyRecord {
  StudyId id;
  std::string name;
  std::vector<Direction> directions;
  Attributes user_attrs;
  Attributes system_attrs;
};

/// What came of asking for a trial.
enum class ReserveStatus : std::uint8_t {
  kReserved,
  kAllFinished,    ///< The study has the asked number of finished trials.
  kOthersRunning,  ///< Finished + running reach the number, but some of the running ones may still die.
};

struct Reservation {
  ReserveStatus status = ReserveStatus::kAllFinished;
  FrozenTrial trial;  ///< RUNNING; valid when kReserved. Carries `fixed_params` when it was enqueued.
  Claim claim;        ///< Valid when kReserved.
};

/// Where a reader stands in a study. Opaque; a default-constructed cursor means "from the beginning".
struct Cursor {
  std::int64_t version = -1;            ///< Storage-wide change counter at the last read.
  std::int64_t known = 0;               ///< Trials 0 … known − 1 have been seen.
  std::vector<TrialNumber> unfinished;  ///< Those of them that may still change.
};

struct Changes {
  std::vector<FrozenTrial> trials;  ///< New or changed since the cursor, by number.
  Cursor cursor;
};

/// The end of a trial: one transaction. `state` is COMPLETE, PRUNED or FAIL.
struct Outcome {
  TrialState state = TrialState::kComplete;
  std::vector<double> values;  ///< As FrozenTrial::values; never NaN.
  Attributes user_attrs;
  Attributes system_attrs;
};

/// Keeps studies and trials. Every call is one transaction: it happens whole or not at all.
///
/// States change by compare-and-set: a call that needs a state or a claim that no longer holds throws
/// StaleClaim and changes nothing. All calls are safe from any thread; several processes may use one
/// storage where the implementation says so. Waiting for others is done inside (StorageBusy only after a
/// long time-out).
///
/// Errors of every call: StorageError and its kinds; StudyNotFound for an unknown study; InvalidArgument for
/// arguments outside the contract.
///
/// Durability: `create_study`, `set_study_attributes`, `enqueue`, `add_trial`, `start` with `durable`, `tell`
/// and `requeue_dead` survive power loss once they return, where the storage is on disk; the rest survives a
/// crash of the process.
class Storage {
 public:
  virtual ~Storage() = default;

  // --- studies ---
  /// Throws StudyExists.
  virtual StudyId create_study(const NewStudy& study) = 0;
  [[nodiscard]] virtual std::optional<StudyRecord> find_study(std::string_view name) = 0;
  /// In order of creation.
  [[nodiscard]] virtual std::vector<StudyRecord> studies() = 0;
  /// Sets or replaces.
  virtual void set_study_attributes(StudyId study, AttributeKind kind, const Attributes& attributes) = 0;
  /// With a name only the study of that id and name: ids are given again. Throws StudyNotFound.
  virtual void delete_study(StudyId study, std::string_view name = {}) = 0;

  // --- trials that are not running here ---
  /// Appends WAITING trials and returns their numbers.
  virtual std::vector<TrialNumber> enqueue(StudyId study, std::span<const NewTrial> trials) = 0;
  /// Appends a trial as given, finished or WAITING; its id, number are ignored, missing times are set for
  /// finished ones. Throws InvalidArgument for a RUNNING one.
  virtual TrialNumber add_trial(StudyId study, const FrozenTrial& trial) = 0;

  // --- the life of a trial ---
  /// Takes the lowest WAITING trial, or appends a new one, and makes it RUNNING for `owner`; it gets the
  /// reports that `requeue` has kept, unless that is nobody. Only while finished + running < `max_trials`;
  /// running counts the trials that carry an owner mark, whoever owns them (a RUNNING trial without one may be
  /// what a killed program left behind: nobody waits for it). A new one is appended only while the study has
  /// fewer than `max_size` trials in any state; from then on, without a WAITING one, it reports kOthersRunning
  /// while trials run that may come back into the queue, then kAllFinished.
  [[nodiscard]] virtual Reservation reserve(StudyId study, const Owner& owner,
                                            std::optional<std::int64_t> max_trials = std::nullopt,
                                            std::optional<std::int64_t> max_size = std::nullopt) = 0;
  /// Stores suggested parameters and attributes of a running trial; may be called again for more.
  /// Throws InvalidArgument when a parameter is incompatible with the study's (see check_compatible).
  virtual void start(const Claim& claim, std::span<const Param> params, const Attributes& system_attrs,
                     bool durable = false) = 0;
  /// Stores one intermediate value and the attributes a pruner wants kept with it. A second report of a
  /// step is ignored, the first one stays.
  virtual void report(const Claim& claim, IntermediateValue report, const Attributes& system_attrs) = 0;
  /// Sets or replaces attributes of a running trial.
  virtual void set_trial_attributes(const Claim& claim, AttributeKind kind, const Attributes& attributes) = 0;
  /// Finishes the trial. Durable when it returns. Gives back the time of completion as it was stored.
  virtual Timestamp tell(const Claim& claim, const Outcome& outcome) = 0;
  /// Puts a running trial back: WAITING, parameters kept as `fixed_params`, no start time, reports and marks
  /// `completed_rung_*` through `keep_through_step` kept aside for `reserve`, the others (if nothing: all)
  /// gone.
  virtual void requeue(const Claim& claim, std::optional<std::int64_t> keep_through_step = std::nullopt) = 0;
  /// Says that these trials are still worked on; one transaction. Returns those whose claim no longer holds.
  /// `changes_since` does not tell of heartbeats, and nobody (`Owner{}`) has none.
  virtual std::vector<TrialNumber> heartbeat(std::span<const Claim> claims) = 0;
  /// Requeues every RUNNING trial of the study that carries an owner mark and whose owner is dead by
  /// `takeover`, with the step its checkpoint reached, or ends it as FAIL when that happened too often since
  /// the checkpoint last came further (system attribute `tune:deaths`); one transaction. RUNNING trials without
  /// our owner mark are never touched.
  virtual TakenOver requeue_dead(StudyId study, const Takeover& takeover) = 0;

  // --- reading ---
  /// Trials that are new or may have changed since the cursor, and the next cursor. Cheap when nobody
  /// wrote since. Writes of this very object may or may not be among them.
  /// `except` names trials that the caller knows better: ended by it, or running in its hands, or it asks again
  /// from the beginning when it has lost them. They may be left out.
  [[nodiscard]] virtual Changes changes_since(StudyId study, const Cursor& cursor,
                                              std::span<const TrialNumber> except = {}) = 0;
};

}  // namespace tune
