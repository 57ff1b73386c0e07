#include "fmnist/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "fmnist/engine_choice.hpp"
#include "fmnist/objective.hpp"
#include "train/support.hpp"
#include "tune/error.hpp"

namespace {

using namespace train_test;
using End = tune::TrialResult::End;

constexpr std::size_t kClasses = 4;

tune::ParamValue integer(std::int64_t value) {
  return value;
}

/// Images of 8 x 8 pixels.
std::shared_ptr<const fmnist::TrainingData> small_data() {
  static const auto data = made_up_data(200, 64, kClasses, 8);
  return data;
}

tune::ParamValues params_of(const char* family) {
  return params_with({{"family", std::string(family)},
                      {"width", integer(12)},
                      {"channels", integer(4)},
                      {"conv_blocks", integer(1)},
                      {"patch_size", integer(4)},
                      {"batch_norm", true},
                      {"batch_size", integer(20)}});
}

tune::ObjectiveConfig small_config(std::int64_t epochs = 2) {
  return config_with({{"classes", integer(kClasses)}, {"epochs", integer(epochs)}});
}

tune::TrainedModel trained(const char* family, std::int64_t epochs = 2) {
  FakeTrial trial(params_of(family));
  return fmnist::Objective(small_config(epochs), small_data()).train_model(trial);
}

/// The small data's first images as a file, and their probabilities by the model.
tune::Predictions predictions(fmnist::Model& model, std::uint32_t n) {
  const TempDir dir;
  const auto& pixels = small_data()->examples.pixels;
  write_file(dir.path() / "images", idx_bytes({n, 8, 8}, {pixels.begin(), pixels.begin() + n * 64}));
  return model.predict(dir.path() / "images");
}

/// An engine for training, with the numbers of the file.
std::unique_ptr<fmnist::Engine> engine_with(const tune::ModelFile& file) {
  auto params = fmnist::Model(file, "cpu").origin().params;
  const auto data = fmnist::without_validation(*small_data());
  const auto plan = fmnist::plan_trial(params, *data, {});
  auto engine = fmnist::make_engine("auto", data, plan.engine, "cpu");
  fmnist::EngineState state = engine->state();
  for (const auto& tensor : plan.engine.network.tensors()) {
    const auto kept = std::find_if(file.tensors.begin(), file.tensors.end(),
                                   [&](const auto& one) { return one.name == tensor.name; });
    auto& numbers = tensor.is_buffer ? state.buffers : state.parameters;
    std::copy(kept->values.begin(), kept->values.end(),
              numbers.begin() + static_cast<std::ptrdiff_t>(tensor.offset));
  }
  engine->restore(state);
  return engine;
}

std::string refusal_of(const tune::ModelFile& file) {
  return error_of([&] { fmnist::Model(file, "cpu"); });
}

class EachFamily : public testing::TestWithParam<const char*> {};

TEST_P(EachFamily, IsKeptAndMadeAgain) {
  const auto model = trained(GetParam());
  ASSERT_EQ(model.result.end, End::kComplete);
  fmnist::Model again(model.file, "cpu");
  EXPECT_EQ(again.network().text(), model.file.metadata.at("network"));
  std::size_t n = 0;
  for (const auto& tensor : model.file.tensors) n += tensor.values.size();
  EXPECT_EQ(n, again.parameter_count() + again.network().buffer_count());
}

TEST_P(EachFamily, PredictsAsTheTrainedEngineWould) {
  const auto model = trained(GetParam(), 12);
  fmnist::Model again(model.file, "cpu");
  const auto found = predictions(again, 200);
  ASSERT_EQ(found.probabilities.size(), 200 * kClasses);
  int correct = 0;
  double loss = 0.0;
  for (std::size_t i = 0; i < 200; ++i) {
    const auto row = found.probabilities.begin() + static_cast<std::ptrdiff_t>(i * kClasses);
    EXPECT_NEAR(std::accumulate(row, row + kClasses, 0.0), 1.0, 1e-12);
    correct += std::max_element(row, row + kClasses) - row == small_data()->examples.labels[i] ? 1 : 0;
    loss -= std::log(row[small_data()->examples.labels[i]]);
  }
  EXPECT_GT(correct, 180);
  std::vector<std::uint32_t> positions(200);
  std::iota(positions.begin(), positions.end(), 0U);
  EXPECT_NEAR(loss, engine_with(model.file)->evaluate(positions).loss, 1e-3);
}

TEST_P(EachFamily, IsTheSameFileWhenItIsTrainedAgain) {
  EXPECT_EQ(tune::encode_model(trained(GetParam()).file), tune::encode_model(trained(GetParam()).file));
}

INSTANTIATE_TEST_SUITE_P(Model, EachFamily, testing::Values("mlp", "cnn", "deep_cnn", "patch_mlp"));

TEST(Model, IsTrainedOnTrainingAndValidationExamples) {
  const auto model = trained("mlp");
  EXPECT_EQ(model.file.metadata.at("training_examples"), "200");
  const auto all = fmnist::without_validation(*small_data());
  std::vector<std::uint32_t> everything(200);
  std::iota(everything.begin(), everything.end(), 0U);
  EXPECT_EQ(all->split.training, everything);
  EXPECT_TRUE(all->split.validation.empty());
  const auto expected = fmnist::normalization_of(small_data()->examples, everything);
  EXPECT_EQ(all->normalization.scale, expected.scale);
  EXPECT_EQ(fmnist::Model(model.file, "cpu").origin().normalization.shift, expected.shift);
  EXPECT_NE(all->normalization.shift, small_data()->normalization.shift);
}

TEST(Model, IsNotMadeByATrainingThatWasStoppedOrDiverged) {
  FakeTrial stopped(params_of("mlp"));
  stopped.stop_after_polls = 3;
  auto model = fmnist::Objective(small_config(), small_data()).train_model(stopped);
  EXPECT_EQ(model.result.end, End::kInterrupted);
  EXPECT_TRUE(model.file.tensors.empty());
  auto params = params_of("mlp");
  params["lr"] = 1e6;
  params["batch_norm"] = false;
  params["optimizer"] = std::string("sgd");
  FakeTrial diverging(params);
  model = fmnist::Objective(small_config(), small_data()).train_model(diverging);
  EXPECT_EQ(model.result.end, End::kPruned);
  EXPECT_TRUE(model.file.tensors.empty());
}

TEST(Model, ReportsNothingWhileItIsTrained) {
  FakeTrial trial(params_of("mlp"));
  static_cast<void>(fmnist::Objective(small_config(), small_data()).train_model(trial));
  EXPECT_TRUE(trial.reports.empty());
}

TEST(Model, RefusesTensorsThatAreNotTheNetworks) {
  const auto file = trained("mlp").file;
  auto changed = file;
  changed.tensors.pop_back();
  EXPECT_TRUE(mentions(refusal_of(changed), {"it has no tensor", file.tensors.back().name}));
  changed = file;
  changed.tensors.push_back({.name = "more", .shape = {1}, .values = {1.0F}});
  EXPECT_TRUE(mentions(refusal_of(changed), {"tensors, the network"}));
  changed = file;
  std::reverse(changed.tensors[0].shape.begin(), changed.tensors[0].shape.end());
  EXPECT_TRUE(mentions(refusal_of(changed), {"tensor layer0.weight is [64, 12], the network has [12, 64]"}));
}

TEST(Model, RefusesParametersThatNoStudyCouldHaveAndAnEngineThatCannotHaveItsLayers) {
  const auto file = trained("patch_mlp").file;
  for (const char* bad : {R"("patch_size": 0)", R"("patch_size": -1)", R"("tokens_mlp_dim": 1e300)",
                          R"("widht": 3)", R"("channel_growth": "x")"}) {
    auto changed = file;
    changed.metadata["params"] = std::string("{") + bad + "}";
    const std::string name(bad + 1, std::strchr(bad + 1, '"'));
    EXPECT_TRUE(mentions(refusal_of(changed), {name})) << bad;
  }
  auto changed = file;
  auto settings = nlohmann::json::parse(changed.metadata["settings"]);
  settings["engine"] = "gemm";
  changed.metadata["settings"] = settings.dump();
  EXPECT_TRUE(mentions(refusal_of(changed), {"engine is gemm", "dense layers"}));
}

TEST(Model, RefusesMetadataThatAreMissing) {
  const auto file = trained("mlp").file;
  for (const char* key : {"settings", "params", "image_shape", "normalization"}) {
    auto changed = file;
    changed.metadata.erase(key);
    EXPECT_TRUE(mentions(refusal_of(changed), {std::string("has no \"") + key})) << key;
    changed.metadata[key] = "{nothing";
    EXPECT_NE(refusal_of(changed), "") << key;
  }
}

TEST(Engine, GivesTheOutputsThatItsEvaluationCounts) {
  auto plan = fmnist::plan_trial(params_of("mlp"), *small_data(), {});
  // Adam's first step would turn rounding errors of gradients near 0 into steps of full length.
  plan.engine.optimizer.kind = fmnist::OptimizerKind::kSgd;
  std::vector<std::uint32_t> positions(200);
  std::iota(positions.rbegin(), positions.rend(), 0U);
  std::vector<std::vector<float>> outputs;
  for (const char* setting : {"gemm", "tensor", "autograd"}) {
    const auto engine = fmnist::make_engine(setting, small_data(), plan.engine, "cpu");
    static_cast<void>(engine->train_step(std::span(positions).first(20)));
    outputs.push_back(engine->outputs(positions));
    ASSERT_EQ(outputs.back().size(), 200 * kClasses);
    int correct = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      const auto row = outputs.back().begin() + static_cast<std::ptrdiff_t>(i * kClasses);
      const auto label = small_data()->examples.labels[positions[i]];
      correct += std::max_element(row, row + kClasses) - row == label ? 1 : 0;
    }
    EXPECT_EQ(correct, engine->evaluate(positions).correct);
  }
  for (std::size_t i = 0; i < outputs[0].size(); ++i) {
    EXPECT_NEAR(outputs[0][i], outputs[2][i], 1e-4);
    EXPECT_NEAR(outputs[1][i], outputs[2][i], 1e-4);
  }
}

}  // namespace
