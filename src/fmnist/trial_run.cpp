#include "fmnist/trial_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fmnist/families/family.hpp"
#include "fmnist/manifest.hpp"
#include "fmnist/objective.hpp"
#include "fmnist/params.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace fmnist {
namespace {

using tune::TrialResult;
using End = tune::TrialResult::End;

TrialResult ended(End end, std::string reason = {}) {
  TrialResult result;
  result.end = end;
  result.reason = std::move(reason);
  return result;
}

TrialResult pruned(std::string reason) {
  return ended(End::kPruned, std::move(reason));
}

constexpr double kBillion = 1e9;
constexpr double kMebibyte = 1024.0 * 1024.0;

/// Whole numbers without a point.
std::string number_text(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return (static_cast<double>(whole) == value ? nlohmann::json(whole) : nlohmann::json(value)).dump();
}

bool changes_by_epoch(const std::string& metric) {
  return metric == kValidationAccuracy || metric == kValidationLoss;
}

}  // namespace

TrialPlan plan_trial(const tune::ParamValues& params, const TrainingData& data, const TrialBounds& bounds) {
  TrialPlan plan;
  plan.engine.network =
      build_network(params, data.examples.image_shape(), static_cast<std::int64_t>(data.n_classes));
  plan.engine.loss = loss_config(params);
  plan.engine.gradients = gradient_config(params);
  plan.engine.optimizer = optimizer_config(params);
  plan.engine.precision = get_named(params, "precision", precision_names());
  plan.schedule = schedule_config(params);
  const std::int64_t batch_size = get_int(params, "batch_size");
  const bool batch_norm = plan.engine.network.has_batch_norm();
  const std::size_t n_training = data.split.training.size();
  plan.examples_per_epoch = std::min(bounds.examples_per_epoch.value_or(n_training), n_training);
  plan.epochs = bounds.epochs;
  plan.early_stopping = get_int(params, "early_stopping");
  plan.engine.augmentation = augmentation_config(params);
  if (batch_size < 1 || static_cast<std::size_t>(batch_size) > plan.examples_per_epoch) {
    throw tune::InvalidArgument(fmt::format("batch_size: expected 1 to {}, the examples of an epoch, found {}",
                                            plan.examples_per_epoch, batch_size));
  }
  if (batch_norm && batch_size == 1) {
    throw tune::InvalidArgument("batch_size: expected at least 2 with batch normalisation, found 1");
  }
  plan.batches = {static_cast<std::size_t>(batch_size), batch_norm};
  plan.engine.max_batch = plan.batches.batch_size;
  return plan;
}

tune::CostEstimate cost_of(const TrialPlan& plan) {
  const Network& network = plan.engine.network;
  return {.parameters = network.parameter_count(),
          .flops_per_epoch = network.flops_per_example() * static_cast<double>(plan.examples_per_epoch)};
}

TrialRun::TrialRun(tune::TrialContext& context, const TrainingData& data, TrialPlan plan,
                   std::unique_ptr<Engine> engine)
    : context_(context),
      data_(data),
      plan_(std::move(plan)),
      engine_(std::move(engine)),
      cost_(cost_of(plan_)) {}

TrialResult TrialRun::run() {
  resume();
  for (;;) {
    if (auto result = run_epoch()) return finish(std::move(*result));
  }
}

std::optional<TrialResult> TrialRun::run_epoch() {
  const std::int64_t epoch = position_.epoch;
  if (auto result = train()) return result;
  if (auto result = validate()) return result;
  position_ = {.epoch = epoch + 1};
  const bool is_last = epoch == plan_.epochs || has_stalled();
  if (reports() && report(epoch) && !is_last) return pruned({});
  if (is_last) return TrialResult{};
  save_when_due();
  return std::nullopt;
}

std::optional<TrialResult> TrialRun::train() {
  if (position_.validating) return std::nullopt;
  const auto key = static_cast<std::uint64_t>(position_.epoch);
  shuffle_for_epoch(data_.split.training, plan_.engine.seed, plan_.engine.trial, key, plan_.examples_per_epoch,
                    order_);
  if (position_.pass == PassProgress{}) engine_->begin_epoch(key);
  const auto poll = [this] { return should_stop(); };
  const PassResult training =
      train_epoch(*engine_, order_, plan_.batches, poll, position_.pass, lr_of_epoch(position_.epoch));
  if (auto result = judge(training, "training")) return result;
  position_ = {.epoch = position_.epoch,
               .validating = true,
               .train_loss = training.loss,
               .train_accuracy = training.accuracy};
  return std::nullopt;
}

LearningRate TrialRun::lr_of_epoch(std::int64_t epoch) const {
  if (plan_.schedule.is_constant()) return {};
  const std::size_t per_epoch = plan_.batches.n_batches(plan_.examples_per_epoch);
  const std::size_t before = static_cast<std::size_t>(epoch - 1) * per_epoch;
  return [this, per_epoch, before](std::size_t batch) {
    return plan_.engine.optimizer.lr * lr_factor(plan_.schedule, {before + batch, per_epoch, plan_.epochs});
  };
}

std::optional<TrialResult> TrialRun::validate() {
  const auto poll = [this] { return should_stop(); };
  const PassResult validation = evaluate(*engine_, data_.split.validation, poll, position_.pass);
  if (auto result = judge(validation, "validation")) return result;
  curves_.train_loss.push_back(position_.train_loss);
  curves_.train_accuracy.push_back(position_.train_accuracy);
  curves_.validation_loss.push_back(validation.loss);
  curves_.validation_accuracy.push_back(validation.accuracy);
  return std::nullopt;
}

/// The trial's end when this pass ended it.
std::optional<TrialResult> TrialRun::judge(const PassResult& pass, const char* which) {
  const std::int64_t epoch = position_.epoch;
  position_.pass = pass.progress;
  if (pass.end == PassEnd::kStopped) return stopped();
  if (pass.end == PassEnd::kDiverged) {
    return pruned(fmt::format("diverged: {} loss became NaN or infinite in epoch {}, batch {}", which, epoch,
                              pass.batch));
  }
  const double limit = kDivergedFactor * std::log(static_cast<double>(data_.n_classes));
  if (pass.loss <= limit) return std::nullopt;
  return pruned(
      fmt::format("diverged: {} loss {:.4g} in epoch {} is beyond {:.4g}, {:.0f} times that of guessing", which,
                  pass.loss, epoch, limit, kDivergedFactor));
}

TrialResult TrialRun::stopped() {
  if (context_.stop_reason() == tune::StopReason::kTimeLimit)
    return pruned(fmt::format("time limit reached in epoch {}", position_.epoch));
  if (position_ != saved_position_) save();
  return ended(End::kInterrupted);
}

void TrialRun::resume() {
  context_.checkpoints().resume([this](const tune::Checkpoint& checkpoint) { take(checkpoint); });
  saved_position_ = position_;
  if (!reports()) return;
  for (std::int64_t epoch = 1; epoch < position_.epoch; ++epoch)
    context_.report(value_of(plan_.metrics[0], epoch), epoch);
}

void TrialRun::take(const tune::Checkpoint& checkpoint) {
  TrainingState state = decode_training_state(checkpoint.bytes, identity());
  const TrainingPosition& position = state.position;
  const std::size_t n = position.validating ? data_.split.validation.size() : plan_.examples_per_epoch;
  if (position.epoch > plan_.epochs || position.pass.examples > n)
    throw tune::FormatError("it is further than the trial goes");
  engine_->begin_epoch(static_cast<std::uint64_t>(position.epoch));
  engine_->restore(state.engine);
  curves_ = std::move(state.curves);
  position_ = position;
  seconds_before_ = checkpoint.seconds;
  peak_memory_before_ = state.peak_memory_bytes;
}

void TrialRun::save() {
  if (!std::isfinite(context_.checkpoints().interval().count())) return;
  const Clock::time_point begin = Clock::now();
  const TrainingState state{position_, curves_, engine_->state(), peak_memory_bytes()};
  if (context_.checkpoints().save({position_.epoch - 1, seconds(), encode_training_state(state, identity())}))
    saved_position_ = position_;
  last_save_ = Clock::now();
  save_time_ = last_save_ - begin;
}

void TrialRun::save_when_due() {
  constexpr int kMostOfTheTime = 100;  // Saves take at most one part of so many.
  const auto since = Clock::now() - last_save_;
  if (since >= context_.checkpoints().interval() && since >= kMostOfTheTime * save_time_) save();
}

std::string TrialRun::identity() const {
  const auto hash = [](const std::vector<std::uint32_t>& positions) {
    return tune::stable_hash(
        {reinterpret_cast<const char*>(positions.data()), positions.size() * sizeof(std::uint32_t)});
  };
  return fmt::format("engine {}, network {}, data {:08x}, {} + {} examples {:016x}", plan_.trained_by,
                     plan_.engine.network.text(), data_.examples.crc32, data_.split.training.size(),
                     data_.split.validation.size(), hash(data_.split.training) ^ hash(data_.split.validation));
}

bool TrialRun::has_stalled() const {
  const auto& losses = curves_.validation_loss;
  if (plan_.early_stopping == 0 || losses.empty()) return false;
  return losses.end() - std::min_element(losses.begin(), losses.end()) > plan_.early_stopping;
}

bool TrialRun::reports() const {
  return plan_.metrics.size() == 1 && changes_by_epoch(plan_.metrics[0]);
}

/// Whether the pruner wants the trial to end.
bool TrialRun::report(std::int64_t epoch) {
  context_.report(value_of(plan_.metrics[0], epoch), epoch);
  return context_.should_prune();
}

TrialResult TrialRun::finish(TrialResult result) {
  if (result.end == End::kInterrupted) return result;
  const nlohmann::json curves = {{"train_loss", curves_.train_loss},
                                 {"train_accuracy", curves_.train_accuracy},
                                 {"validation_loss", curves_.validation_loss},
                                 {"validation_accuracy", curves_.validation_accuracy}};
  context_.set_user_attr("curves", curves.dump());
  for (const char* metric : {kParameterCount, kEpochGflops, kPeakMemoryMib, kTrainingSeconds})
    context_.set_user_attr(metric, number_text(value_of(metric, position_.epoch)));
  result.measurements = measurements();
  if (result.end != End::kComplete) return result;
  for (const auto& metric : plan_.metrics) result.values.push_back(value_of(metric, position_.epoch - 1));
  return result;
}

std::vector<double> TrialRun::measurements() const {
  const auto epochs = static_cast<std::int64_t>(curves_.validation_loss.size());
  if (epochs == 0 && std::any_of(plan_.measured.begin(), plan_.measured.end(), changes_by_epoch)) return {};
  std::vector<double> values;
  for (const auto& metric : plan_.measured) values.push_back(value_of(metric, epochs));
  return values;
}

double TrialRun::value_of(const std::string& metric, std::int64_t epoch) const {
  const auto at = static_cast<std::size_t>(epoch - 1);
  if (metric == kValidationAccuracy) return curves_.validation_accuracy.at(at);
  if (metric == kValidationLoss) return curves_.validation_loss.at(at);
  if (metric == kParameterCount) return static_cast<double>(cost_.parameters);
  if (metric == kEpochGflops) return cost_.flops_per_epoch / kBillion;
  if (metric == kPeakMemoryMib) return static_cast<double>(peak_memory_bytes()) / kMebibyte;
  if (metric == kTrainingSeconds) return seconds();
  throw tune::InvalidArgument(fmt::format("unknown metric \"{}\"", metric));
}

std::uint64_t TrialRun::peak_memory_bytes() const {
  return std::max(peak_memory_before_, engine_->peak_memory_bytes());
}

double TrialRun::seconds() const {
  return seconds_before_ + std::chrono::duration<double>(Clock::now() - start_).count();
}

}  // namespace fmnist
