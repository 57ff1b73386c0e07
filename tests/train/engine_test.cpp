#include "fmnist/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fmnist/compute.hpp"
#include "fmnist/dense_network.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/tile_kernels.hpp"
#include "train/engines.hpp"
#include "train/random_networks.hpp"
#include "train/support.hpp"

namespace {

using namespace train_test;
using fmnist::Activation;
using fmnist::EngineConfig;
using fmnist::LossKind;

/// That of studies.
std::unique_ptr<fmnist::Engine> gemm_engine(const std::shared_ptr<const fmnist::TrainingData>& data,
                                            const EngineConfig& config) {
  return gemm_engines().back().make(data, config);
}

TEST(GemmEngine, HasAutogradsGradientsForRandomNetworks) {
  fmnist::use_one_thread();
  const auto data = made_up_data(200, 40, 5);
  for (std::uint64_t n = 0; n < 70; ++n) {
    const EngineConfig config = random_network(n);
    const auto positions = first_positions(config.max_batch);
    const auto reference = fmnist::make_autograd_engine(data, config, "cpu");
    reference->begin_epoch(1);
    const auto expected = reference->train_step(positions);
    for (const auto& [name, make] : gemm_engines()) {
      const auto engine = make(data, config);
      engine->begin_epoch(1);
      const auto sums = engine->train_step(positions);
      EXPECT_NEAR(sums.loss / expected.loss, 1.0, 1e-5) << name << ", network " << n;
      EXPECT_LT(relative_difference(engine->gradients(), reference->gradients()), gradient_tolerance(config))
          << name << ", network " << n;
      EXPECT_LT(relative_difference(engine->buffers(), reference->buffers()), 1e-5)
          << name << ", network " << n;
    }
  }
}

TEST(GemmEngine, HasAutogradsGradientsForLayersAndBatchesOfAnySize) {
  fmnist::use_one_thread();
  const auto data = made_up_data(400, 40, 5);
  for (const std::vector<std::int64_t>& widths : {std::vector<std::int64_t>{300, 20}, {20, 1100, 190}, {}}) {
    for (const std::size_t batch : {1, 33, 256, 400}) {
      EngineConfig config;
      config.network = fmnist::dense_network({.widths = widths, .activation = Activation::kTanh}, 40, 5);
      config.max_batch = batch;
      const auto reference = fmnist::make_autograd_engine(data, config, "cpu");
      (void)reference->train_step(first_positions(batch));
      for (const auto& [name, make] : gemm_engines()) {
        const auto engine = make(data, config);
        (void)engine->train_step(first_positions(batch));
        EXPECT_LT(relative_difference(engine->gradients(), reference->gradients()), gradient_tolerance(config))
            << name << ' ' << widths.size() << ' ' << batch;
      }
    }
  }
}

/// Of the whole vector, relative to the reference's length.
double relative_distance(const std::vector<float>& a, const std::vector<float>& reference) {
  EXPECT_EQ(a.size(), reference.size());
  double distance = 0.0;
  double length = 1e-30;
  for (std::size_t i = 0; i < a.size(); ++i) {
    distance += std::pow(static_cast<double>(a[i]) - static_cast<double>(reference[i]), 2);
    length += std::pow(static_cast<double>(reference[i]), 2);
  }
  return std::sqrt(distance / length);
}

TEST(TileEngine, HasTheGradientsOfFloatsButForTheRounding) {
  fmnist::use_one_thread();
  const auto data = made_up_data(200, 40, 5);
  for (std::uint64_t n = 0; n < 70; ++n) {
    const EngineConfig config = random_network(n);
    // Batch norm over a few examples divides by their spread, which may be hardly more than the rounding.
    if (config.network.has_batch_norm() && config.max_batch < 32) continue;
    const auto positions = first_positions(config.max_batch);
    const auto reference = gemm_engine(data, config);
    reference->begin_epoch(1);
    const auto expected = reference->train_step(positions);
    for (const fmnist::TileKernels* kernels : fmnist::tile_kernels()) {
      const auto engine = fmnist::make_tile_engine(data, config, *kernels);
      engine->begin_epoch(1);
      const auto sums = engine->train_step(positions);
      EXPECT_NEAR(sums.loss / expected.loss, 1.0, 0.01) << "network " << n << ' ' << kernels->name;
      EXPECT_LT(relative_distance(engine->gradients(), reference->gradients()), 0.05)
          << "network " << n << ' ' << kernels->name;
    }
  }
}

TEST(TileEngine, IsTheSameOverAllKernelsButForTheOrderOfSums) {
  fmnist::use_one_thread();
  const auto data = made_up_data(200, 40, 5);
  EngineConfig config;
  config.network = fmnist::dense_network({.widths = {30, 17}, .activation = Activation::kTanh}, 40, 5);
  config.max_batch = 50;
  std::vector<std::vector<float>> parameters;
  for (const fmnist::TileKernels* kernels : fmnist::tile_kernels()) {
    const auto engine = fmnist::make_tile_engine(data, config, *kernels);
    for (const std::size_t n : {50, 50, 7}) (void)engine->train_step(first_positions(n));
    EXPECT_EQ(engine->evaluate(first_positions(200)).correct, engine->evaluate(first_positions(200)).correct);
    parameters.push_back(engine->gradients());
    EXPECT_LT(relative_difference(parameters.back(), parameters.front()), 1e-3) << kernels->name;
  }
}

/// `a` minus `b`.
std::vector<float> difference(std::vector<float> a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
  return a;
}

EngineConfig several_steps() {
  EngineConfig config;
  config.network = fmnist::dense_network({.widths = {40, 30}, .dropout = {0.2, 0.0}}, 40, 5);
  config.optimizer = {.kind = fmnist::OptimizerKind::kSgd, .lr = 0.2};
  return config;
}

TEST(TileEngine, LearnsAsFloatsDoOverSeveralSteps) {
  const auto data = made_up_data(400, 40, 5);
  const EngineConfig config = several_steps();
  for (const fmnist::TileKernels* kernels : fmnist::tile_kernels()) {
    const auto reference = gemm_engine(data, config);
    const auto engine = fmnist::make_tile_engine(data, config, *kernels);
    const auto before = reference->parameters();
    for (const std::size_t n : {64, 100, 1, 17, 64, 64, 128, 64}) {
      (void)reference->train_step(first_positions(n));
      (void)engine->train_step(first_positions(n));
      EXPECT_NEAR(engine->evaluate(first_positions(400)).loss / reference->evaluate(first_positions(400)).loss,
                  1.0, 0.02)
          << kernels->name;
    }
    EXPECT_LT(relative_distance(difference(engine->parameters(), before),
                                difference(reference->parameters(), before)),
              0.1)
        << kernels->name;
  }
}

void expect_goes_on(const NamedEngine& named, const EngineConfig& config) {
  SCOPED_TRACE(named.name);
  const auto data = made_up_data(400, 40, 5);
  const auto engine = named.make(data, config);
  const auto other = named.make(data, config);
  engine->begin_epoch(1);
  (void)engine->train_step(first_positions(64));
  // Whatever the other has computed with before is not to be used again.
  (void)other->train_step(first_positions(5));
  (void)other->evaluate(first_positions(400));
  other->begin_epoch(1);
  other->restore(engine->state());
  EXPECT_EQ(other->outputs(first_positions(400)), engine->outputs(first_positions(400)));
  for (const std::size_t n : {64, 33}) {
    EXPECT_EQ(other->train_step(first_positions(n)).loss, engine->train_step(first_positions(n)).loss);
  }
  EXPECT_EQ(other->parameters(), engine->parameters());
}

TEST(Engines, GoOnFromAStateAsIfTheyHadNeverBeenInterrupted) {
  EngineConfig config = several_steps();
  for (const bool augments : {false, true}) {
    config.augmentation.max_shift = augments ? 1 : 0;
    for (const NamedEngine& named : cpu_engines()) expect_goes_on(named, config);
  }
}

/// Some layers wide enough for tiles, and some not.
EngineConfig wide_and_narrow() {
  EngineConfig config;
  config.network = fmnist::dense_network({.widths = {40, 70, 33, 20}}, 40, 5);
  config.optimizer = {.kind = fmnist::OptimizerKind::kSgd, .lr = 0.2};
  return config;
}

TEST(GemmEngine, TakesBatchesOfAnySizeOneAfterTheOther) {
  const auto data = made_up_data(400, 40, 5);
  const EngineConfig config = wide_and_narrow();
  for (const auto& [name, make] : gemm_engines()) {
    const auto reference = fmnist::make_autograd_engine(data, config, "cpu");
    const auto engine = make(data, config);
    for (const std::size_t n : {64, 100, 1, 17, 128, 64}) {
      (void)reference->train_step(first_positions(n));
      (void)engine->train_step(first_positions(n));
      for (const std::size_t evaluated : {1, 17, 273, 400}) {
        EXPECT_NEAR(engine->evaluate(first_positions(evaluated)).loss,
                    reference->evaluate(first_positions(evaluated)).loss, 1e-4 * static_cast<double>(evaluated))
            << name << ", " << n << ", " << evaluated;
      }
    }
  }
}

TEST(GemmEngine, GivesALossThatIsNoNumberWhereWeightsAreNone) {
  const auto data = made_up_data(200, 40, 5);
  const EngineConfig dense = wide_and_narrow();
  EngineConfig sparse = dense;
  sparse.network = fmnist::dense_network({.widths = {40, 70, 33, 20}, .dropout = {0.5, 0.5, 0.5, 0.5}}, 40, 5);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const EngineConfig& config : {dense, sparse}) {
    const auto layers = fmnist::dense_layers(config.network).value();
    for (const float weight : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
      for (const auto& [name, make] : gemm_engines()) {
        for (std::size_t l = 0; l < layers.size(); ++l) {
          const auto engine = make(data, config);
          fmnist::EngineState state = engine->state();
          std::fill_n(state.parameters.begin() + static_cast<std::ptrdiff_t>(layers[l].weight),
                      layers[l].weight_count, weight);
          engine->restore(state);
          EXPECT_FALSE(std::isfinite(engine->train_step(first_positions(64)).loss))
              << name << ", layer " << l << ", " << weight;
        }
      }
    }
  }
}

TEST(GemmEngine, EvaluatesAsAutogradDoesAfterSomeSteps) {
  for (const auto& [name, make] : gemm_engines()) {
    SCOPED_TRACE(name);
    expect_evaluates_as_autograd(make);
  }
}

TEST(Engines, StepWithTheLearningRateThatWasSetLast) {
  const auto data = made_up_data(200, 40, 5);
  const auto positions = first_positions(64);
  for (const auto& [name, make] : cpu_engines()) {
    for (int kind = 0; kind < 4; ++kind) {
      EngineConfig config;
      config.network = fmnist::dense_network({.widths = {30}}, 40, 5);
      config.optimizer.kind = static_cast<fmnist::OptimizerKind>(kind);
      config.optimizer.weight_decay = 0.1;
      const auto parameters_after = [&](double configured, double set) {
        config.optimizer.lr = configured;
        const auto engine = make(data, config);
        engine->set_lr(set);
        (void)engine->train_step(positions);
        return engine->parameters();
      };
      EXPECT_EQ(parameters_after(0.5, 0.01), parameters_after(0.01, 0.01)) << name << ' ' << kind;
      EXPECT_NE(parameters_after(0.01, 0.5), parameters_after(0.01, 0.01)) << name << ' ' << kind;
    }
  }
}

TEST(Engines, LearnTheSameFromCrossEntropyNllAndKlDivergenceOfOneHotTargets) {
  const auto data = made_up_data(200, 40, 5);
  const auto positions = first_positions(64);
  for (const auto& [name, make] : cpu_engines()) {
    std::vector<std::vector<float>> gradients;
    std::vector<double> sums;
    for (const LossKind kind : {LossKind::kCrossEntropy, LossKind::kNll, LossKind::kKlDiv}) {
      EngineConfig config;
      config.network = fmnist::dense_network({.widths = {30}}, 40, 5);
      config.loss.kind = kind;
      const auto engine = make(data, config);
      sums.push_back(engine->train_step(positions).loss);
      gradients.push_back(engine->gradients());
    }
    for (const std::size_t other : {1U, 2U}) {
      EXPECT_NEAR(sums[other] / sums[0], 1.0, 1e-6) << name;
      EXPECT_LT(relative_difference(gradients[other], gradients[0]), 1e-6) << name;
    }
  }
}

TEST(Engines, DropTheShareOfUnitsThatIsAskedFor) {
  const auto data = made_up_data(400, 40, 5);
  EngineConfig config;
  config.network = fmnist::dense_network({.widths = {50}, .dropout = {0.99}}, 40, 5);
  const auto engine = gemm_engine(data, config);
  (void)engine->train_step(first_positions(2));
  const auto gradients = engine->gradients();
  const auto begin = gradients.begin() + static_cast<std::ptrdiff_t>(config.network.layers().back().weight);
  // 100 units over the two examples, nearly all dropped: most columns have no gradient at all.
  EXPECT_GT(std::count(begin, begin + 250, 0.0F), 200);
}

TEST(Engines, MakeOtherDropoutMasksEachEpoch) {
  const auto data = made_up_data(400, 40, 5);
  EngineConfig config;
  config.network = fmnist::dense_network({.widths = {50}, .dropout = {0.5}}, 40, 5);
  const auto loss_in_epoch = [&](std::uint64_t epoch) {
    const auto engine = gemm_engine(data, config);
    engine->begin_epoch(epoch);
    return engine->train_step(first_positions(100)).loss;
  };
  EXPECT_EQ(loss_in_epoch(1), loss_in_epoch(1));
  EXPECT_NE(loss_in_epoch(1), loss_in_epoch(2));
}

TEST(Loss, OfSmoothedTargetsIsLeastAtTheirEntropy) {
  EXPECT_EQ(fmnist::target_entropy(0.0, 10), 0.0);
  EXPECT_EQ(fmnist::target_entropy(5e-324, 10), 0.0);
  EXPECT_NEAR(fmnist::target_entropy(0.1, 10), -0.91 * std::log(0.91) - 9 * 0.01 * std::log(0.01), 1e-12);
}

TEST(Gradients, AreCutToTheNormThatIsAskedFor) {
  EXPECT_EQ(fmnist::clipping_factor(5.0, {.max_norm = 0.0}), 1.0);
  EXPECT_EQ(fmnist::clipping_factor(5.0, {.max_norm = 6.0}), 1.0);
  EXPECT_NEAR(fmnist::clipping_factor(5.0, {.max_norm = 1.0}), 0.2, 1e-6);
}

}  // namespace
