#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/error.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/model.hpp"
#include "tune/model_file.hpp"
#include "tune/option.hpp"
#include "tune/search_space.hpp"

/// The door between the search and whatever is optimised. It is narrow on purpose: an objective may live in
/// a module of its own (`ObjectiveModule`), loaded only when trials run.
namespace tune {

/// A number that an objective can report as the value of a study's objective.
struct MetricSpec {
  std::string name;  ///< "validation_accuracy"
  Direction direction = Direction::kMinimize;
  std::string description;
  bool reported_each_step = false;  ///< Pruners need one.
  bool is_measured = false;  ///< A time or the like: it may be another number when the trial is run again.
};

/// What an objective can be told: enough to validate a study file without loading its module.
struct ObjectiveManifest {
  std::string type;  ///< "fmnist": the `type` in the study file.
  /// May stand in `space`, `fixed` and `points`; all have defaults, except one named kAnyName.
  std::vector<OptionSpec> parameters;
  std::vector<OptionSpec> settings;  ///< May stand in `objective`.
  std::vector<MetricSpec> metrics;   ///< One named kAnyName: whatever the study calls its objectives.
};

/// Where a worker computes: the n-th job on a device.
struct DeviceSlot {
  std::string device = "cpu";  ///< "cpu", "cuda:0"
  int index_on_device = 0;     ///< 0 … jobs per device − 1.
  int number = 0;              ///< 0 … slots − 1 over all devices.
};

/// Why a trial was asked to stop.
enum class StopReason : std::uint8_t {
  kNone,
  kInterrupted,  ///< The run is ending: save a checkpoint; the trial goes back into the queue.
  kTimeLimit,    ///< The trial used up its own time.
};

/// Bytes that let an interrupted trial go on, opaque to the search.
struct Checkpoint {
  std::int64_t step = 0;  ///< The last reported step it contains; 0 before the first one.
  double seconds = 0.0;   ///< Of training so far, over all attempts at the trial.
  std::vector<std::byte> bytes;
};

/// Keeps the last checkpoint of one trial. Data, never code: whatever is handed out must be checked.
///
/// A trial that goes on reports all steps up to that of its checkpoint again, with the values of then: those
/// that the storage has it ignores, those that a power cut took are back.
class CheckpointStore {
 public:
  /// Goes on from a checkpoint, or throws FormatError for one that does not fit before it has changed anything.
  using Take = std::function<void(const Checkpoint&)>;

  virtual ~CheckpointStore() = default;
  /// Seconds of training that may be lost: more is saved at the end of a step. Infinite when nothing is kept
  /// here, as by default: an interrupted trial then begins anew.
  [[nodiscard]] virtual std::chrono::duration<double> interval() const = 0;
  /// Hands over what is kept of the trial. False when it begins anew: there is nothing, or it does not fit.
  virtual bool resume(const Take& take) = 0;
  /// Replaces the former one atomically and durably. False when that failed; the former one stays then, and the
  /// run says why: a trial does not end for it.
  virtual bool save(const Checkpoint& checkpoint) = 0;
};

/// What a running trial can ask and say. Calls are made from the worker's thread only, except
/// `stop_reason`, which may be polled from anywhere.
class TrialContext {
 public:
  virtual ~TrialContext() = default;

  [[nodiscard]] virtual TrialNumber number() const = 0;
  /// Every parameter of the trial: suggested, then `fixed`, then the manifest's defaults, except those
  /// per layer, which appear only when given. Complete and checked against the manifest.
  [[nodiscard]] virtual const ParamValues& params() const = 0;
  [[nodiscard]] virtual const DeviceSlot& slot() const = 0;
  /// Seed and trial of the StreamKeys the training uses; replicates differ in `training_trial`.
  [[nodiscard]] virtual std::uint64_t training_seed() const = 0;
  [[nodiscard]] virtual std::uint64_t training_trial() const = 0;

  /// Poll at least every few milliseconds of work.
  [[nodiscard]] virtual StopReason stop_reason() const noexcept = 0;
  /// Stores an intermediate value. Steps rise; the epoch number, from 1, is usual.
  virtual void report(double value, std::int64_t step) = 0;
  /// The pruner's word on the report just made.
  [[nodiscard]] virtual bool should_prune() = 0;
  /// Attributes a person wants beside the trial; stored with its end. `json` is JSON text.
  virtual void set_user_attr(std::string key, std::string json) = 0;
  [[nodiscard]] virtual CheckpointStore& checkpoints() = 0;
};

/// How a trial ended, said by the objective. Errors are exceptions: they make the trial FAIL.
struct TrialResult {
  enum class End : std::uint8_t {
    kComplete,     ///< `values` are set.
    kPruned,       ///< Stopped for the pruner, or by the objective itself (a divergence): see `reason`.
    kInterrupted,  ///< Stopped for StopReason::kInterrupted.
  };
  End end = End::kComplete;
  std::vector<double> values;       ///< One an objective of the study, in its order.
  std::vector<double> constraints;  ///< Feasible when all are ≤ 0; may be empty.
  /// One a metric of ObjectiveConfig::measured, in its order. A pruned trial may have none of them.
  std::vector<double> measurements;
  std::string reason;  ///< A sentence for people, when there is something to say.
};

/// What comes of training a model to be kept.
struct TrainedModel {
  TrialResult result;  ///< kComplete when there is a model; its `values` are not set.
  ModelFile file;  ///< Enough for ObjectiveModule::load_model. Equal trials give equal ones: no times in it.
};

/// What a trial would cost, before it runs. Zero: not known.
struct CostEstimate {
  std::uint64_t parameters = 0;    ///< Trainable numbers.
  std::uint64_t memory_bytes = 0;  ///< Peak on the device.
  double flops_per_epoch = 0.0;    ///< Floating point operations an epoch.
};

/// Something to optimise. One object serves all workers: `run` is called from several threads at once.
class Objective {
 public:
  virtual ~Objective() = default;
  /// Runs one trial to its end. Throws for failures: DeviceError when the device is broken, anything else when
  /// the trial is.
  virtual TrialResult run(TrialContext& trial) = 0;
  [[nodiscard]] virtual CostEstimate estimate(const ParamValues&) const { return {}; }  ///< Must be quick.
  /// Seconds that an epoch of such a trial takes on the slot, measured on a short piece of training by the
  /// calling thread, from several threads at once; 0: not known. Nothing is stored. Throws as `run`.
  [[nodiscard]] virtual double seconds_per_epoch(const ParamValues&, const DeviceSlot&) const { return 0.0; }
  /// Called once by each worker thread before its first trial, to set the threads of its numeric libraries.
  virtual void prepare_worker(const DeviceSlot&) {}
  /// Facts worth keeping with the study: library versions, data checksum. Name → JSON text.
  [[nodiscard]] virtual Attributes provenance() const { return {}; }
  /// Trains what the trial trains, but on all examples at hand, those for validation too, and keeps the model.
  /// Nothing is reported. Throws as `run`, and Error when the objective keeps no models.
  virtual TrainedModel train_model(TrialContext&) { throw Error("this objective keeps no models"); }
};

/// What an objective is made from.
struct ObjectiveConfig {
  OptionValues settings;             ///< Checked against the manifest, defaults filled in.
  std::vector<std::string> metrics;  ///< The study's objectives, in order.
  /// Metrics besides, that the study bounds: results tell them as `measurements`. One may be there twice, or
  /// among `metrics` too.
  std::vector<std::string> measured;
  /// What all trials have: the fixed parameters, and the defaults of those that are not searched.
  ParamValues common;
  std::filesystem::path data_dir;    ///< From `--data`; empty: the objective's own search path.
  std::vector<std::string> devices;  ///< The devices of the slots, each once.
  std::string study_name;
  std::filesystem::path folder;   ///< Of the study file, absolute: where relative paths in settings begin.
  std::filesystem::path log_dir;  ///< For logs of trials, made when there is one; empty: none are to be kept.
};

/// The entry point of a module: a shared library exports one object of this type, by C linkage, under the name
/// `tune_objective_module`. Module and program share one libtune.
struct ObjectiveModule {
  static constexpr std::uint32_t kAbiVersion = 6;
  static constexpr const char* kSymbol = "tune_objective_module";

  std::uint32_t abi_version = kAbiVersion;
  /// Cheap, and without loading more than the module itself.
  const ObjectiveManifest& (*manifest)() = nullptr;
  /// Loads the data. Throws Error with what to do about it.
  std::unique_ptr<Objective> (*create)(const ObjectiveConfig&) = nullptr;
  /// The devices this module can use on this machine, "cpu" first.
  std::vector<std::string> (*devices)() = nullptr;
  /// Makes a model of what `train_model` kept, on that device; null: the module keeps no models. The file may
  /// hold anything: throws FormatError with what is wrong with it, before memory is asked for that it does not
  /// have.
  std::unique_ptr<Model> (*load_model)(const ModelFile& file, const std::string& device) = nullptr;
};

}  // namespace tune
