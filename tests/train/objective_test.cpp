#include "fmnist/objective.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <thread>

#include "fmnist/engine.hpp"
#include "fmnist/manifest.hpp"
#include "train/support.hpp"
#include "tune/error.hpp"

namespace {

using namespace train_test;
using End = tune::TrialResult::End;

tune::ParamValue integer(std::int64_t value) {
  return value;
}
tune::ParamValue text(const char* value) {
  return std::string(value);
}

std::shared_ptr<const fmnist::TrainingData> small_data() {
  static const auto data = made_up_data(500, 30, 5);
  return data;
}

fmnist::Objective objective(std::int64_t epochs, std::vector<std::string> metrics = {"validation_accuracy"},
                            const char* engine = "auto") {
  return {config_with({{"epochs", epochs}, {"engine", text(engine)}}, std::move(metrics)), small_data()};
}

/// Small enough for milliseconds, with everything in it that is drawn.
tune::ParamValues small_params(tune::ParamValues more = {}) {
  more.emplace("width", integer(16));
  more.emplace("batch_size", integer(32));
  more.emplace("dropout", 0.2);
  return params_with(more);
}

std::vector<double> reported(const FakeTrial& trial) {
  std::vector<double> values;
  for (const auto& report : trial.reports) values.push_back(report.value);
  return values;
}

std::string failure(const tune::ParamValues& params) {
  FakeTrial trial(params);
  return error_of([&] { (void)objective(1).run(trial); });
}

TEST(Objective, ReportsItsMetricEachEpochAndEndsWithTheLast) {
  FakeTrial trial(small_params({{"lr", 0.01}}));
  const auto result = objective(4).run(trial);
  EXPECT_EQ(result.end, End::kComplete);
  ASSERT_EQ(trial.reports.size(), 4U);
  EXPECT_EQ(trial.reports[0].step, 1);
  EXPECT_EQ(result.values, std::vector<double>{trial.reports[3].value});
  EXPECT_GT(result.values[0], 0.9);
}

#ifdef __SSE2__
/// Whether half of the smallest normal number is zero in this thread.
bool flushes_denormals() {
  volatile float smallest = std::numeric_limits<float>::min();
  smallest = smallest * 0.5F;
  return smallest * 2.0F == 0.0F;
}

TEST(Objective, TrainsWithoutDenormalNumbersWhichTakeAHundredTimesLonger) {
  for (const char* engine : {"gemm", "tensor", "autograd"}) {
    FakeTrial trial(small_params());
    std::vector<bool> flushed;
    trial.on_report = [&] { flushed.push_back(flushes_denormals()); };
    EXPECT_EQ(objective(2, {"validation_accuracy"}, engine).run(trial).end, End::kComplete);
    EXPECT_EQ(flushed, (std::vector<bool>{true, true})) << engine;
    EXPECT_FALSE(flushes_denormals()) << "for what else the thread computes";
  }
}
#endif

TEST(Objective, KeepsCurvesAndParameterCountWithTheTrial) {
  FakeTrial trial(small_params());
  (void)objective(3).run(trial);
  const auto curves = nlohmann::json::parse(trial.attrs.at("curves"));
  for (const char* name : {"train_loss", "train_accuracy", "validation_loss", "validation_accuracy"}) {
    EXPECT_EQ(curves.at(name).size(), 3U) << name;
  }
  EXPECT_EQ(curves.at("validation_accuracy").get<std::vector<double>>(), reported(trial));
  EXPECT_LT(curves.at("train_loss").at(2), curves.at("train_loss").at(0));
  EXPECT_EQ(trial.attrs.at("parameter_count"), std::to_string(30 * 16 + 16 + 16 * 16 + 16 + 16 * 5 + 5));
  EXPECT_GT(nlohmann::json::parse(trial.attrs.at("training_seconds")).get<double>(), 0.0);
}

double peak_memory_mib(const char* engine, const tune::ParamValues& params) {
  FakeTrial trial(params);
  (void)objective(1, {"validation_loss"}, engine).run(trial);
  return nlohmann::json::parse(trial.attrs.at("peak_memory_mib")).get<double>();
}

TEST(Objective, MeasuresThePeakOfMemoryWhateverRanBefore) {
  constexpr double kMebibyte = 1024.0 * 1024.0;
  for (const char* engine : {"gemm", "tensor", "autograd"}) {
    const double of_small = peak_memory_mib(engine, small_params());
    const double of_wide = peak_memory_mib(engine, small_params({{"width", std::int64_t{512}}}));
    // Two layers of weights, with gradients and Adam's two moments.
    EXPECT_GT(of_wide, 4 * 4 * 512 * 512 / kMebibyte) << engine;
    EXPECT_GT(of_small, 0.0) << engine;
    EXPECT_LT(of_small, of_wide / 4) << engine;
    EXPECT_EQ(peak_memory_mib(engine, small_params()), of_small) << engine;
  }
}

TEST(Objective, GivesSeveralMetricsInTheirOrderAndReportsNone) {
  FakeTrial trial(small_params());
  const auto result =
      objective(1, {"parameter_count", "validation_loss", "validation_accuracy", "training_seconds"})
          .run(trial);
  ASSERT_EQ(result.values.size(), 4U);
  EXPECT_EQ(result.values[0], 853.0);
  EXPECT_LT(result.values[1], std::log(5.0));
  EXPECT_GT(result.values[2], 0.2);
  EXPECT_TRUE(trial.reports.empty());
}

TEST(Objective, GivesTheSameNumbersForTheSameKeyAndOthersForAnother) {
  for (const char* engine : {"auto", "tensor", "autograd"}) {
    FakeTrial first(small_params(), 1);
    FakeTrial again(small_params(), 1);
    FakeTrial other(small_params(), 2);
    (void)objective(2, {"validation_loss"}, engine).run(first);
    (void)objective(2, {"validation_loss"}, engine).run(again);
    (void)objective(2, {"validation_loss"}, engine).run(other);
    EXPECT_EQ(reported(first), reported(again)) << engine;
    EXPECT_NE(reported(first), reported(other)) << engine;
  }
}

/// The reports of trials first … first + 2, each with another network, one after the other.
std::vector<std::vector<double>> three_trials(fmnist::Objective& objective, std::uint64_t first) {
  objective.prepare_worker({});
  std::vector<std::vector<double>> all;
  for (std::uint64_t t = first; t < first + 3; ++t) {
    FakeTrial trial(
        small_params({{"width", integer(static_cast<std::int64_t>(20 + t))}, {"batch_norm", t % 2 == 0}}), t);
    (void)objective.run(trial);
    all.push_back(reported(trial));
  }
  return all;
}

TEST(Objective, GivesTheSameNumbersInParallelAsOneAfterTheOther) {
  for (const char* engine : {"auto", "tensor", "autograd"}) {
    auto shared = objective(3, {"validation_loss"}, engine);
    const auto serial_a = three_trials(shared, 0);
    const auto serial_b = three_trials(shared, 10);
    std::vector<std::vector<double>> parallel_a;
    std::thread other([&] { parallel_a = three_trials(shared, 0); });
    const auto parallel_b = three_trials(shared, 10);
    other.join();
    EXPECT_EQ(parallel_a, serial_a) << engine;
    EXPECT_EQ(parallel_b, serial_b) << engine;
  }
}

TEST(Objective, StopsAtTheNextBatchWhenInterrupted) {
  FakeTrial trial(small_params());
  trial.stop_after_polls = 20;
  const auto result = objective(5).run(trial);
  EXPECT_EQ(result.end, End::kInterrupted);
  EXPECT_EQ(trial.reports.size(), 1U);
  EXPECT_TRUE(trial.attrs.empty());
}

TEST(Objective, PrunesATrialThatUsedUpItsTime) {
  FakeTrial trial(small_params());
  trial.stop_after_polls = 20;
  trial.stop_with = tune::StopReason::kTimeLimit;
  const auto result = objective(5).run(trial);
  EXPECT_EQ(result.end, End::kPruned);
  EXPECT_TRUE(mentions(result.reason, {"time limit"}));
}

TEST(Objective, EndsWhenThePrunerSaysSo) {
  FakeTrial trial(small_params());
  trial.prune_after_reports = 2;
  const auto result = objective(5).run(trial);
  EXPECT_EQ(result.end, End::kPruned);
  EXPECT_EQ(trial.reports.size(), 2U);
  EXPECT_TRUE(trial.attrs.contains("curves"));
}

TEST(Objective, PrunesADivergedTrialWithTheReasonAndWithoutAReport) {
  for (const auto& [engine, precision] :
       {std::pair("gemm", "fp32"), {"gemm", "bf16"}, {"tensor", "fp32"}, {"autograd", "fp32"}}) {
    for (const char* optimizer : {"sgd", "adam", "adamw", "rmsprop"}) {
      FakeTrial trial(
          small_params({{"lr", 1e3}, {"optimizer", text(optimizer)}, {"precision", text(precision)}}));
      const auto result = objective(3, {"validation_accuracy"}, engine).run(trial);
      EXPECT_EQ(result.end, End::kPruned) << engine << ' ' << precision << ' ' << optimizer;
      EXPECT_TRUE(mentions(result.reason, {"diverged"})) << engine << ' ' << precision << ' ' << optimizer;
      EXPECT_TRUE(trial.reports.empty()) << engine << ' ' << precision << ' ' << optimizer;
    }
  }
}

TEST(Objective, LearnsNothingWithATinyRateAndStillCompletes) {
  FakeTrial trial(small_params({{"lr", 1e-10}}));
  const auto result = objective(2).run(trial);
  EXPECT_EQ(result.end, End::kComplete);
  EXPECT_LT(std::abs(trial.reports[0].value - trial.reports[1].value), 0.02);
}

TEST(Objective, TrainsTheSmallestAndTheOddestNetworks) {
  for (const auto& more : std::vector<tune::ParamValues>{
           {{"depth", integer(0)}},
           {{"depth", integer(0)}, {"batch_norm", true}},
           {{"width", integer(1)}},
           {{"depth", integer(8)}, {"width_l7", integer(3)}},
           {{"dropout", 0.99}},
           {{"depth", integer(3)}, {"dropout_l1", 0.99}, {"dropout_layers", text("last")}},
           {{"depth", integer(0)}, {"l1", 1.0}, {"l2", 1.0}},
           {{"label_smoothing", 0.99}, {"loss", text("kl_div")}},
           {{"max_grad_norm", 1e-30}},
           {{"batch_size", integer(1)}},
           {{"batch_size", integer(400)}},
           {{"batch_size", integer(399)}, {"batch_norm", true}}}) {
    FakeTrial trial(small_params(more));
    EXPECT_EQ(objective(1).run(trial).end, End::kComplete);
  }
}

TEST(Objective, RefusesALossAndDropoutLayersItDoesNotKnow) {
  EXPECT_TRUE(mentions(failure(small_params({{"loss", text("hinge")}})), {"loss", "kl_div", "\"hinge\""}));
  EXPECT_TRUE(
      mentions(failure(small_params({{"dropout_layers", text("first")}})), {"all or last", "\"first\""}));
}

TEST(Objective, PrunesATrialThatAPenaltyBlowsUp) {
  FakeTrial trial(small_params({{"l2", 1e6}, {"optimizer", text("sgd")}, {"lr", 1.0}}));
  EXPECT_EQ(objective(1).run(trial).end, End::kPruned);
}

TEST(Objective, EndsEarlyWithTheValuesOfTheEpochWhereTheLossHasStalled) {
  fmnist::Objective objective(config_with({{"epochs", integer(200)}}), made_up_data(200, 40, 5));
  FakeTrial trial(params_with({{"early_stopping", integer(3)}, {"lr", 0.05}, {"width", integer(16)}}));
  const auto result = objective.run(trial);
  ASSERT_EQ(result.end, End::kComplete);
  const auto curves = nlohmann::json::parse(trial.attrs.at("curves"));
  const std::vector<double> losses = curves["validation_loss"];
  ASSERT_LT(losses.size(), 200U);
  const auto best = std::min_element(losses.begin(), losses.end());
  EXPECT_EQ(losses.end() - best, 4);
  EXPECT_EQ(result.values.at(0), curves["validation_accuracy"].back().get<double>());
  EXPECT_EQ(trial.reports.size(), losses.size());
}

TEST(Objective, PassesOverOtherExamplesInEachEpochWhenAnEpochIsShorterThanTheSet) {
  const auto data = made_up_data(200, 40, 5);
  fmnist::Objective objective(config_with({{"epochs", integer(2)}, {"examples_per_epoch", integer(20)}}), data);
  FakeTrial trial(params_with({{"lr", 1e-10}, {"batch_size", integer(20)}}));
  ASSERT_EQ(objective.run(trial).end, End::kComplete);
  const auto curves = nlohmann::json::parse(trial.attrs.at("curves"));
  // The network stays the same: what differs are the examples.
  EXPECT_NE(curves["train_loss"][0], curves["train_loss"][1]);
  const auto estimate = objective.estimate(params_with({{"batch_size", integer(20)}}));
  fmnist::Objective whole(config_with({{"epochs", integer(2)}, {"examples_per_epoch", integer(999)}}), data);
  EXPECT_EQ(whole.estimate(params_with({})).flops_per_epoch, 8 * estimate.flops_per_epoch);
  FakeTrial too_large(params_with({{"batch_size", integer(21)}}));
  EXPECT_TRUE(
      mentions(error_of([&] { (void)objective.run(too_large); }), {"batch_size", "1 to 20", "found 21"}));
}

TEST(Objective, RefusesABatchLargerThanTheTrainingSet) {
  EXPECT_TRUE(
      mentions(failure(small_params({{"batch_size", integer(401)}})), {"expected 1 to 400", "found 401"}));
}

TEST(Objective, RefusesBatchesOfOneWithBatchNorm) {
  EXPECT_TRUE(mentions(failure(small_params({{"batch_size", integer(1)}, {"batch_norm", true}})),
                       {"at least 2 with batch normalisation"}));
}

TEST(Objective, RefusesParametersItDoesNotKnow) {
  EXPECT_TRUE(mentions(failure(small_params({{"activation", text("swishy")}})), {"swishy"}));
  EXPECT_TRUE(mentions(failure(small_params({{"optimizer", text("lion")}})), {"lion"}));
  EXPECT_TRUE(mentions(failure(small_params({{"lr", text("high")}})), {"expected a number"}));
}

TEST(Objective, RefusesADeviceThatIsNotThere) {
  auto config = config_with({});
  config.devices = {"cpu", "cuda:99"};
  EXPECT_TRUE(mentions(error_of([&] { fmnist::Objective(config, small_data()); }), {"cuda:99"}));
}

TEST(Objective, RefusesAnUnknownMetric) {
  EXPECT_TRUE(mentions(error_of([&] { fmnist::Objective(config_with({}, {"f1"}), small_data()); }), {"f1"}));
}

TEST(Objective, EstimatesWhatATrialCosts) {
  const auto cost = objective(1).estimate(small_params());
  EXPECT_EQ(cost.parameters, 853U);
  EXPECT_GT(cost.memory_bytes, 853U * 16);
  EXPECT_DOUBLE_EQ(cost.flops_per_epoch, 400.0 * (4.0 * 30 * 16 + 6.0 * (16 * 16 + 16 * 5)));
}

TEST(Objective, SaysWithWhatItTrains) {
  const auto facts = objective(1).provenance();
  for (const char* name :
       {"torch_version", "blas", "dnnl_version", "cpu_capability", "kernels", "data_crc32"}) {
    EXPECT_TRUE(nlohmann::json::parse(facts.at(name)).is_string()) << name;
  }
  EXPECT_TRUE(nlohmann::json::parse(facts.at("engines")).contains("cpu"));
}

TEST(Objective, OfDenseNetworksSaysNothingOfWhatLibTorchComputesWith) {
  auto config = config_with({});
  config.common = {{"family", text("mlp")}};
  const auto facts = fmnist::Objective(config, small_data()).provenance();
  const bool by_libtorch = fmnist::dnnl_gemm() == nullptr;  // Its products.
  EXPECT_EQ(facts.at("blas").find("oneDNN") == std::string::npos, by_libtorch);
  EXPECT_EQ(facts.contains("cpu_capability"), by_libtorch);
}

TEST(Objective, ReachesEightyFivePercentOnFashionMnistInThreeEpochs) {
  for (const char* engine : {"auto", "tensor", "autograd"}) {
    fmnist::Objective objective(config_with({{"epochs", integer(3)}, {"engine", text(engine)}}),
                                fashion_mnist(30000, 5000));
    objective.prepare_worker({});
    FakeTrial trial(params_with({{"dropout", 0.1}, {"batch_norm", true}}));
    const auto result = objective.run(trial);
    ASSERT_EQ(result.end, End::kComplete);
    EXPECT_GE(result.values[0], 0.85) << engine;
  }
}

TEST(Manifest, GivesEveryParameterADefaultInsideItsRange) {
  for (const auto& spec : fmnist::manifest().parameters) {
    EXPECT_EQ(tune::complaint(spec, spec.default_value), std::nullopt) << spec.name;
    EXPECT_FALSE(spec.description.empty()) << spec.name;
  }
}

}  // namespace
