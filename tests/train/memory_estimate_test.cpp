#include "fmnist/memory_estimate.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fmnist/objective.hpp"
#include "train/support.hpp"
#include "tune/random.hpp"

namespace {

using namespace train_test;

/// Images and classes as those of Fashion-MNIST; more validation examples than are evaluated together.
std::shared_ptr<const fmnist::TrainingData> images() {
  static const auto data = made_up_data(12'000, 28 * 28, 10, 28);
  return data;
}

/// Settings of a network and its training, drawn by the n-th of many streams.
class Draw {
 public:
  explicit Draw(std::uint64_t n) : stream_({n, 5, tune::Purpose::kAugmentation, 0}) {}

  template <typename T>
  T one_of(std::initializer_list<T> choices) {
    return choices.begin()[stream_.below(choices.size())];
  }
  tune::ParamValue text(std::initializer_list<const char*> choices) { return std::string(one_of(choices)); }
  tune::ParamValue count(std::initializer_list<std::int64_t> choices) { return one_of(choices); }
  tune::ParamValue share() { return one_of({0.0, 0.3}); }
  tune::ParamValue flag() { return one_of({false, true}); }

 private:
  tune::RandomStream stream_;
};

tune::ParamValues random_params(Draw& draw, const char* family) {
  return params_with({{"family", std::string(family)},
                      {"depth", draw.count({0, 1, 3})},
                      {"width", draw.count({33, 128, 512})},
                      {"batch_size", draw.count({16, 64, 128})},
                      {"optimizer", draw.text({"sgd", "adam", "rmsprop"})},
                      {"activation", draw.text({"relu", "gelu", "tanh"})},
                      {"dropout", draw.share()},
                      {"batch_norm", draw.flag()},
                      {"horizontal_flip", draw.flag()},
                      {"conv_layers", draw.count({1, 2})},
                      {"conv_blocks", draw.count({1, 2})},
                      {"channels", draw.count({4, 8})},
                      {"kernel_size", draw.count({1, 3})},
                      {"pooling", draw.flag()},
                      {"conv_dropout", draw.share()}});
}

/// What was estimated of such a trial as a part of what it took.
double estimated_part(const char* engine, const tune::ParamValues& params, std::int64_t examples = 256) {
  constexpr double kMebibyte = 1024.0 * 1024.0;
  fmnist::Objective objective(
      config_with(
          {{"epochs", std::int64_t{1}}, {"examples_per_epoch", examples}, {"engine", std::string(engine)}}),
      images());
  objective.prepare_worker({});
  FakeTrial trial(params);
  EXPECT_EQ(objective.run(trial).end, tune::TrialResult::End::kComplete);
  const double peak = nlohmann::json::parse(trial.attrs.at("peak_memory_mib")).get<double>();
  return static_cast<double>(objective.estimate(params).memory_bytes) / (peak * kMebibyte);
}

void expect_good_estimates(const char* engine, const char* family, std::uint64_t n_networks, double tolerance) {
  for (std::uint64_t n = 0; n < n_networks; ++n) {
    Draw draw(n);
    EXPECT_NEAR(estimated_part(engine, random_params(draw, family)), 1.0, tolerance)
        << engine << ' ' << family << ' ' << n;
  }
}

TEST(MemoryEstimate, OfGemmIsWhatItTakes) {
  expect_good_estimates("gemm", "mlp", 12, 0.001);
}

TEST(MemoryEstimate, OfGemmInBf16IsWhatItTakes) {
  for (std::uint64_t n = 0; n < 6; ++n) {
    Draw draw(n);
    auto params = random_params(draw, "mlp");
    params["precision"] = std::string("bf16");
    EXPECT_NEAR(estimated_part("gemm", params), 1.0, 0.001) << n;
  }
}

TEST(MemoryEstimate, OfTensorsAndAutogradIsCloseForDenseNetworks) {
  for (const char* engine : {"tensor", "autograd"}) expect_good_estimates(engine, "mlp", 8, 0.3);
}

TEST(MemoryEstimate, OfTensorsKnowsOfLongPassesAndChangedImages) {
  for (const bool flip : {false, true}) {
    const auto params = params_with({{"width", std::int64_t{16}}, {"horizontal_flip", flip}});
    EXPECT_NEAR(estimated_part("tensor", params, 9600), 1.0, 0.3) << flip;
  }
}

TEST(MemoryEstimate, IsCloseForEveryOtherFamily) {
  for (const char* family : {"cnn", "deep_cnn", "patch_mlp"}) expect_good_estimates("auto", family, 5, 0.3);
}

}  // namespace
