// What must hold on a real GPU; nothing here is run without one.

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <numeric>

#include "fmnist/compute.hpp"
#include "fmnist/engine_choice.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/objective.hpp"
#include "fmnist/torch_part.hpp"
#include "train/random_networks.hpp"
#include "train/support.hpp"
#include "tune/error.hpp"

namespace {

using namespace train_test;
using End = tune::TrialResult::End;

constexpr const char* kGpu = "cuda:0";

class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    const auto devices = fmnist::available_devices();
    ASSERT_NE(std::find(devices.begin(), devices.end(), kGpu), devices.end())
        << "LibTorch sees no GPU on this machine";
  }
};

std::shared_ptr<const fmnist::TrainingData> images() {
  static const auto data = made_up_data(2000, 784, 10, 28);
  return data;
}

fmnist::Objective objective(std::int64_t epochs, const char* engine = "auto") {
  auto config = config_with({{"epochs", epochs}, {"engine", std::string(engine)}}, {"validation_loss"});
  config.devices = {kGpu};
  return {config, images()};
}

tune::ParamValues params_of(const char* family) {
  return params_with({{"family", std::string(family)}, {"dropout", 0.2}, {"batch_norm", true}});
}

FakeTrial trial_on_gpu(const tune::ParamValues& params) {
  FakeTrial trial(params, 1);
  trial.on.device = kGpu;
  return trial;
}

std::vector<double> losses_of(fmnist::Objective& objective, const tune::ParamValues& params,
                              std::uint64_t number) {
  objective.prepare_worker({.device = kGpu});
  FakeTrial run(params, number);
  run.on.device = kGpu;
  EXPECT_EQ(objective.run(run).end, End::kComplete);
  std::vector<double> losses;
  for (const auto& report : run.reports) losses.push_back(report.value);
  return losses;
}

TEST_F(Gpu, HasTheCpusGradientsForRandomNetworksWithoutDropout) {
  const auto data = made_up_data(200, 40, 5);
  for (std::uint64_t n = 0; n < 70; ++n) {
    fmnist::EngineConfig config = random_network(n);
    const bool drops = std::any_of(config.network.layers().begin(), config.network.layers().end(),
                                   [](const auto& layer) { return layer.kind == fmnist::LayerKind::kDropout; });
    if (drops) continue;
    const auto positions = first_positions(config.max_batch);
    const auto host = fmnist::torch_part().make_engine(data, config, "cpu");
    const auto gpu = fmnist::torch_part().make_tensor_engine(data, config, kGpu);
    const auto expected = host->train_step(positions);
    EXPECT_NEAR(gpu->train_step(positions).loss / expected.loss, 1.0, 1e-5) << n;
    // The order of sums differs from the CPU's.
    EXPECT_LT(relative_difference(gpu->gradients(), host->gradients()), 10.0 * gradient_tolerance(config)) << n;
  }
}

TEST_F(Gpu, DropsTheShareThatIsAskedFor) {
  fmnist::EngineConfig config;
  config.network = fmnist::dense_network({.widths = {400}, .dropout = {0.75}}, 784, 10);
  config.optimizer = {.kind = fmnist::OptimizerKind::kSgd, .lr = 1e-6};
  const auto engine = fmnist::torch_part().make_tensor_engine(images(), config, kGpu);
  engine->begin_epoch(1);
  (void)engine->train_step(std::vector<std::uint32_t>{0});
  const auto gradients = engine->gradients();
  const auto classifier =
      gradients.begin() + static_cast<std::ptrdiff_t>(config.network.layers().back().weight);
  // Of one example: units that are dropped, or that relu cuts, have no gradient. About an eighth is left.
  EXPECT_NEAR(static_cast<double>(std::count(classifier, classifier + 400, 0.0F)) / 400.0, 0.875, 0.08);
}

TEST_F(Gpu, GivesTheSameNumbersAgainAndInParallel) {
  for (const char* family : {"mlp", "cnn", "deep_cnn", "patch_mlp"}) {
    auto trained = objective(2);
    const auto first = losses_of(trained, params_of(family), 1);
    EXPECT_EQ(losses_of(trained, params_of(family), 1), first) << family;
    EXPECT_NE(losses_of(trained, params_of(family), 2), first) << family;
    std::vector<std::future<std::vector<double>>> others;
    for (int i = 0; i < 3; ++i)
      others.push_back(
          std::async(std::launch::async, [&] { return losses_of(trained, params_of(family), 1); }));
    for (auto& other : others) EXPECT_EQ(other.get(), first) << family;
  }
}

TEST_F(Gpu, GoesOnFromCheckpointsAsIfItHadNeverBeenInterrupted) {
  for (const char* family : {"mlp", "cnn"}) {
    auto trained = objective(3);
    const auto expected = losses_of(trained, params_of(family), 1);
    for (const std::int64_t polls : {0, 3, 9, 14, 20, 31}) {
      FakeTrial first = trial_on_gpu(params_of(family));
      first.checkpoint_interval = std::chrono::hours(1);
      first.stop_after_polls = polls;
      ASSERT_EQ(trained.run(first).end, End::kInterrupted);
      FakeTrial rest = trial_on_gpu(params_of(family));
      rest.checkpoint = first.checkpoint;
      ASSERT_EQ(trained.run(rest).end, End::kComplete);
      EXPECT_TRUE(rest.refusals.empty());
      std::vector<double> found;
      for (const auto& report : rest.reports) found.push_back(report.value);
      EXPECT_EQ(found, expected) << family << " after " << polls << " polls";
    }
  }
}

TEST_F(Gpu, MeasuresTheMemoryOfATrialThere) {
  constexpr double kMebibyte = 1024.0 * 1024.0;
  for (const char* family : {"mlp", "cnn"}) {
    const auto params = params_of(family);
    auto trained = objective(1);
    FakeTrial trial = trial_on_gpu(params);
    ASSERT_EQ(trained.run(trial).end, End::kComplete);
    const double peak = nlohmann::json::parse(trial.attrs.at("peak_memory_mib")).get<double>();
    const double estimate = static_cast<double>(trained.estimate(params).memory_bytes) / kMebibyte;
    // LibTorch hands out memory in larger pieces, and its libraries take some for themselves.
    EXPECT_GT(peak, 0.5 * estimate) << family;
    EXPECT_LT(peak, 2.0 * estimate + 100.0) << family;
  }
}

TEST_F(Gpu, FailsATrialThatLacksMemoryAndNoOther) {
  auto trained = objective(2);
  const auto params = params_of("mlp");
  const auto expected = losses_of(trained, params, 1);
  auto beside = std::async(std::launch::async, [&] { return losses_of(trained, params, 1); });
  fmnist::EngineConfig config;
  // What the hidden layer gives for that batch would take 800 GB.
  config.network = fmnist::dense_network({.widths = {200'000}}, 784, 10);
  config.max_batch = 1'000'000;
  std::vector<std::uint32_t> positions(config.max_batch);
  const auto lacking = error_of([&] {
    const auto engine = fmnist::torch_part().make_tensor_engine(images(), config, kGpu);
    (void)engine->train_step(positions);
  });
  EXPECT_TRUE(mentions(lacking, {"out of memory"}));
  EXPECT_EQ(beside.get(), expected);
  EXPECT_EQ(losses_of(trained, params, 1), expected);
}

TEST_F(Gpu, SaysWhichEngineTrains) {
  EXPECT_EQ(nlohmann::json::parse(objective(1).provenance().at("engines")).at(kGpu), "tensor");
  EXPECT_EQ(nlohmann::json::parse(objective(1, "autograd").provenance().at("engines")).at(kGpu), "autograd");
}

}  // namespace
