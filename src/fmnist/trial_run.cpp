#include "fmnist/trial_run.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "fmnist/manifest.hpp"
#include "fmnist/objective.hpp"
#include "fmnist/params.hpp"
#include "tune/error.hpp"

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

bool changes_by_epoch(const std::string& metric) {
  return metric == kValidationAccuracy || metric == kValidationLoss;
}

}  // namespace

TrialPlan plan_trial(const tune::ParamValues& params, std::size_t n_training) {
  TrialPlan plan;
  plan.engine.network = network_config(params);
  plan.engine.optimizer = optimizer_config(params);
  const std::int64_t batch_size = get_int(params, "batch_size");
  const bool batch_norm = plan.engine.network.batch_norm && !plan.engine.network.widths.empty();
  if (batch_size < 1 || static_cast<std::size_t>(batch_size) > n_training) {
    throw tune::InvalidArgument(fmt::format(
        "batch_size: expected 1 to {}, the size of the training set, found {}", n_training, batch_size));
  }
  if (batch_norm && batch_size == 1) {
    throw tune::InvalidArgument("batch_size: expected at least 2 with batch_norm, found 1");
  }
  plan.batches = {static_cast<std::size_t>(batch_size), batch_norm};
  plan.engine.max_batch = plan.batches.batch_size;
  return plan;
}

TrialRun::TrialRun(tune::TrialContext& context, const TrainingData& data, TrialPlan plan,
                   std::unique_ptr<Engine> engine)
    : context_(context),
      data_(data),
      plan_(std::move(plan)),
      engine_(std::move(engine)),
      parameter_count_(
          NetworkLayout(plan_.engine.network, data.examples.features, data.n_classes).parameter_count) {}

TrialResult TrialRun::run() {
  for (std::int64_t epoch = 1; epoch <= plan_.epochs; ++epoch) {
    if (auto result = run_epoch(epoch)) return finish(std::move(*result));
  }
  return finish({});
}

std::optional<TrialResult> TrialRun::run_epoch(std::int64_t epoch) {
  const auto key = static_cast<std::uint64_t>(epoch);
  const StopPoll should_stop = [this] { return context_.stop_reason() != tune::StopReason::kNone; };
  shuffle_for_epoch(data_.split.training, plan_.engine.seed, plan_.engine.trial, key, order_);
  engine_->begin_epoch(key);
  const PassResult training = train_epoch(*engine_, order_, plan_.batches, should_stop);
  if (auto result = judge(training, "training", epoch)) return result;
  const PassResult validation = evaluate(*engine_, data_.split.validation, should_stop);
  if (auto result = judge(validation, "validation", epoch)) return result;
  curves_.train_loss.push_back(training.loss);
  curves_.train_accuracy.push_back(training.accuracy);
  curves_.validation_loss.push_back(validation.loss);
  curves_.validation_accuracy.push_back(validation.accuracy);
  if (report(epoch) && epoch < plan_.epochs) return pruned({});
  return std::nullopt;
}

/// The trial's end when this pass ended it.
std::optional<TrialResult> TrialRun::judge(const PassResult& pass, const char* which,
                                           std::int64_t epoch) const {
  if (pass.end == PassEnd::kStopped) {
    if (context_.stop_reason() == tune::StopReason::kTimeLimit) {
      return pruned(fmt::format("time limit reached in epoch {}", epoch));
    }
    return ended(End::kInterrupted);
  }
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

/// Whether the pruner wants the trial to end.
bool TrialRun::report(std::int64_t epoch) {
  if (plan_.metrics.size() != 1 || !changes_by_epoch(plan_.metrics[0])) return false;
  context_.report(value_of(plan_.metrics[0]), epoch);
  return context_.should_prune();
}

TrialResult TrialRun::finish(TrialResult result) {
  if (result.end == End::kInterrupted) return result;
  const nlohmann::json curves = {{"train_loss", curves_.train_loss},
                                 {"train_accuracy", curves_.train_accuracy},
                                 {"validation_loss", curves_.validation_loss},
                                 {"validation_accuracy", curves_.validation_accuracy}};
  context_.set_user_attr("curves", curves.dump());
  context_.set_user_attr("parameter_count", std::to_string(parameter_count_));
  context_.set_user_attr("training_seconds", nlohmann::json(seconds()).dump());
  if (result.end != End::kComplete) return result;
  for (const auto& metric : plan_.metrics) result.values.push_back(value_of(metric));
  return result;
}

double TrialRun::value_of(const std::string& metric) const {
  if (metric == kValidationAccuracy) return curves_.validation_accuracy.back();
  if (metric == kValidationLoss) return curves_.validation_loss.back();
  if (metric == kParameterCount) return static_cast<double>(parameter_count_);
  if (metric == kTrainingSeconds) return seconds();
  throw tune::InvalidArgument(fmt::format("unknown metric \"{}\"", metric));
}

double TrialRun::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace fmnist
