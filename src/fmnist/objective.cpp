#include "fmnist/objective.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fmnist/compute.hpp"
#include "fmnist/engine_choice.hpp"
#include "fmnist/epoch_timing.hpp"
#include "fmnist/flush_denormals.hpp"
#include "fmnist/kernels.hpp"
#include "fmnist/manifest.hpp"
#include "fmnist/model.hpp"
#include "fmnist/tile_kernels.hpp"
#include "fmnist/torch_part.hpp"
#include "fmnist/trial_run.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

void check_metrics(const std::vector<std::string>& metrics) {
  for (const auto& metric : metrics) {
    const auto& known = manifest().metrics;
    if (std::any_of(known.begin(), known.end(), [&](const auto& spec) { return spec.name == metric; }))
      continue;
    std::vector<std::string_view> names;
    for (const auto& spec : known) names.emplace_back(spec.name);
    throw tune::InvalidArgument(
        fmt::format("metric: expected one of {}, found \"{}\"", fmt::join(names, ", "), metric));
  }
}

void check_devices(const std::vector<std::string>& wanted) {
  const auto known = available_devices();
  for (const auto& device : wanted) {
    if (std::find(known.begin(), known.end(), device) != known.end()) continue;
    throw tune::InvalidArgument(
        fmt::format("device: expected one of {}, found \"{}\"", fmt::join(known, ", "), device));
  }
}

bool is_cpu(const std::string& device) {
  return device == "cpu";
}

}  // namespace

DataOptions data_options(const tune::ObjectiveConfig& config) {
  const tune::OptionValues& settings = config.settings;
  const auto size = [&](const char* name) { return static_cast<std::size_t>(settings.get_int(name)); };
  DataOptions options{.dataset = settings.get_string("dataset"),
                      .data_dir = config.data_dir,
                      .n_classes = size("classes"),
                      .n_validation = size("validation_examples"),
                      .n_training = std::nullopt,
                      .split_seed = size("split_seed")};
  if (settings.has("training_examples")) options.n_training = size("training_examples");
  return options;
}

Objective::Objective(const tune::ObjectiveConfig& config)
    : Objective(config, load_training_data(data_options(config))) {
  source_ = data_options(config);
}

Objective::Objective(const tune::ObjectiveConfig& config, std::shared_ptr<const TrainingData> data)
    : data_(std::move(data)),
      metrics_(config.metrics),
      measured_(config.measured),
      settings_(config.settings),
      devices_(config.devices),
      common_(config.common),
      engine_(config.settings.get_string("engine")),
      needs_libtorch_(!without_libtorch(engine_, config.common, devices_)),
      bounds_{.epochs = config.settings.get_int("epochs")} {
  if (config.settings.has("examples_per_epoch")) {
    bounds_.examples_per_epoch = static_cast<std::size_t>(config.settings.get_int("examples_per_epoch"));
  }
  check_metrics(metrics_);
  check_metrics(measured_);
  check_devices(devices_);
  if (engine_ == "gemm" && !std::all_of(devices_.begin(), devices_.end(), is_cpu)) {
    throw tune::InvalidArgument(
        "engine: \"gemm\" computes on the CPU only; expected auto, tensor or autograd for GPUs");
  }
  // Now, for its time is no trial's; what is wrong with it is told before any begins.
  if (needs_libtorch_) static_cast<void>(torch_part());
}

TrialPlan Objective::plan(const tune::TrialContext& trial, const TrainingData& data) const {
  TrialPlan plan = plan_trial(trial.params(), data, bounds_);
  plan.engine.seed = trial.training_seed();
  plan.engine.trial = trial.training_trial();
  const std::string& device = trial.slot().device;
  const std::string engine = engine_name(engine_, plan.engine, device);
  plan.trained_by = fmt::format("{} on {}", engine, device.substr(0, device.find(':')));
  plan.metrics = metrics_;
  plan.measured = measured_;
  return plan;
}

tune::TrialResult Objective::run(tune::TrialContext& trial) {
  const FlushDenormals flush;
  TrialPlan plan = this->plan(trial, *data_);
  auto engine = make_engine(engine_, data_, plan.engine, trial.slot().device);
  return TrialRun(trial, *data_, std::move(plan), std::move(engine)).run();
}

tune::TrainedModel Objective::train_model(tune::TrialContext& trial) {
  const FlushDenormals flush;
  // What is missing for the test is told before the long part, not after it.
  if (source_) static_cast<void>(load_test_set(*source_));
  const auto all = without_validation(*data_);
  TrialPlan plan = this->plan(trial, *all);
  plan.metrics.clear();
  plan.measured.clear();
  plan.early_stopping = 0;  // There is no validation loss that it could go by.
  const Network network = plan.engine.network;
  auto engine = make_engine(engine_, all, plan.engine, trial.slot().device);
  TrialRun run(trial, *all, std::move(plan), std::move(engine));
  tune::TrainedModel trained{run.run(), {}};
  if (trained.result.end != tune::TrialResult::End::kComplete) return trained;
  const ModelOrigin origin{settings_, trial.params(), all->examples.image_shape(), all->normalization};
  trained.file = model_file(origin, network, run.engine());
  trained.file.metadata["training_examples"] = std::to_string(all->split.training.size());
  for (const auto& [name, json] : provenance()) trained.file.metadata["provenance:" + name] = json;
  return trained;
}

tune::CostEstimate Objective::estimate(const tune::ParamValues& params) const {
  const TrialPlan plan = plan_trial(params, *data_, bounds_);
  tune::CostEstimate cost = cost_of(plan);
  const PassSizes passes{plan.examples_per_epoch, data_->split.validation.size()};
  for (const std::string& device : devices_)
    cost.memory_bytes = std::max(cost.memory_bytes, memory_estimate(engine_, plan.engine, device, passes));
  return cost;
}

double Objective::seconds_per_epoch(const tune::ParamValues& params, const tune::DeviceSlot& slot) const {
  const FlushDenormals flush;
  const TrialPlan plan = plan_trial(params, *data_, bounds_);
  const auto engine = make_engine(engine_, data_, plan.engine, slot.device);
  return time_of_epoch(*engine, *data_, plan);
}

void Objective::prepare_worker(const tune::DeviceSlot&) {
  use_one_thread();
}

tune::Attributes Objective::provenance() const {
  const auto text = [](const std::string& value) { return nlohmann::json(value).dump(); };
  tune::Attributes facts{{"torch_version", text(torch_version_text())},
                         {"dnnl_version", text(dnnl_version_text())},
                         {"kernels", text(kernels().name)},
                         {"data_crc32", text(fmt::format("{:08x}", data_->examples.crc32))}};
  const std::string products = dnnl_gemm() != nullptr ? "oneDNN " + dnnl_version_text() : "own";
  facts.emplace("blas", text(needs_libtorch_ ? torch_part().blas() : products));
  if (may_be_bf16(common_)) facts.emplace("bf16_kernels", text(tile_kernels().front()->name));
  if (needs_libtorch_) facts.emplace("cpu_capability", text(torch_part().cpu_capability()));
  nlohmann::json engines = nlohmann::json::object();
  for (const auto& device : devices_) engines[device] = engine_name(engine_, common_, device);
  facts.emplace("engines", engines.dump());
  return facts;
}

}  // namespace fmnist
