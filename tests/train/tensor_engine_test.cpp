#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "fmnist/device_failure.hpp"
#include "fmnist/device_inputs.hpp"
#include "fmnist/device_masks.hpp"
#include "fmnist/device_stream.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/input_batch.hpp"
#include "fmnist/tensor_functions.hpp"
#include "fmnist/tensor_optimizer.hpp"
#include "train/engines.hpp"
#include "train/random_networks.hpp"
#include "train/support.hpp"
#include "tune/error.hpp"

namespace {

using namespace train_test;
using fmnist::EngineConfig;
using fmnist::OptimizerKind;

TEST(TensorEngine, HasAutogradsGradientsForRandomNetworks) {
  const auto data = made_up_data(200, 40, 5);
  for (std::uint64_t n = 0; n < 70; ++n) {
    const EngineConfig config = random_network(n);
    const auto positions = first_positions(config.max_batch);
    const auto reference = fmnist::make_autograd_engine(data, config, "cpu");
    const auto engine = fmnist::make_tensor_engine(data, config, "cpu");
    for (auto* each : {reference.get(), engine.get()}) each->begin_epoch(1);
    const auto expected = reference->train_step(positions);
    const auto sums = engine->train_step(positions);
    EXPECT_NEAR(sums.loss / expected.loss, 1.0, 1e-5) << "network " << n;
    EXPECT_EQ(sums.correct, expected.correct) << "network " << n;
    EXPECT_LT(relative_difference(engine->gradients(), reference->gradients()), gradient_tolerance(config))
        << "network " << n;
    EXPECT_LT(relative_difference(engine->buffers(), reference->buffers()), 1e-5) << "network " << n;
    EXPECT_LT(relative_difference(engine->parameters(), reference->parameters()), 1e-5) << "network " << n;
  }
}

TEST(TensorEngine, EvaluatesAsAutogradDoesAfterSomeSteps) {
  expect_evaluates_as_autograd([](const auto& data, const EngineConfig& config) {
    return fmnist::make_tensor_engine(data, config, "cpu");
  });
}

/// Every second of many positions, backwards.
std::vector<std::uint32_t> scattered(std::size_t n) {
  std::vector<std::uint32_t> positions = first_positions(2 * n);
  std::erase_if(positions, [](std::uint32_t position) { return position % 2 == 1; });
  std::reverse(positions.begin(), positions.end());
  return positions;
}

TEST(Engines, DoInAPassWhatTheyDoBatchByBatch) {
  const auto data = made_up_data(200, 40, 5, 5);
  const auto positions = scattered(90);
  EngineConfig config;
  config.network = fmnist::dense_network({.widths = {30}, .dropout = {0.3}, .batch_norm = true}, 40, 5);
  config.augmentation = {.horizontal_flip = true, .max_shift = 1, .random_erasing = 0.5};
  for (const bool autograd : {false, true}) {
    const auto make = [&] {
      auto engine = autograd ? fmnist::make_autograd_engine(data, config, "cpu")
                             : fmnist::make_tensor_engine(data, config, "cpu");
      engine->begin_epoch(2);
      return engine;
    };
    const auto one_by_one = make();
    const auto pass = make();
    std::vector<fmnist::BatchSums> expected;
    pass->begin_pass(positions, true);
    for (std::size_t begin = 0; begin < 90; begin += 40) {
      const std::size_t n = std::min<std::size_t>(40, 90 - begin);
      expected.push_back(one_by_one->train_step(std::span(positions).subspan(begin, n)));
      pass->start(begin, n);
    }
    const auto found = pass->finish();
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].loss, expected[i].loss) << autograd << i;
      EXPECT_EQ(found[i].correct, expected[i].correct) << autograd << i;
    }
    EXPECT_EQ(pass->parameters(), one_by_one->parameters());
    EXPECT_TRUE(pass->finish().empty());
    pass->begin_pass(positions, false);
    pass->start(0, 90);
    EXPECT_EQ(pass->finish().at(0).loss, one_by_one->evaluate(positions).loss);
  }
}

TEST(Engines, BeginAPassWithoutTheRestOfTheLast) {
  const auto data = made_up_data(200, 40, 5);
  EngineConfig config;
  config.network = fmnist::dense_network({.widths = {8}}, 40, 5);
  const auto positions = first_positions(100);
  for (const auto& engine :
       {fmnist::make_tensor_engine(data, config, "cpu"), fmnist::make_autograd_engine(data, config, "cpu"),
        fmnist::make_gemm_engine(data, config, fmnist::aten_gemm())}) {
    engine->begin_pass(positions, true);
    engine->start(0, 50);
    engine->begin_pass(positions, false);
    EXPECT_TRUE(engine->finish().empty());
  }
}

TEST(DeviceInputs, AreTheImagesAsTheCpuChangesThem) {
  for (const std::size_t height : {5U, 8U}) {
    const auto data = made_up_data(10000, 40, 5, height);
    for (const fmnist::AugmentationConfig& change :
         {fmnist::AugmentationConfig{}, fmnist::AugmentationConfig{.horizontal_flip = true},
          fmnist::AugmentationConfig{.max_shift = 3}, fmnist::AugmentationConfig{.random_erasing = 0.9},
          fmnist::AugmentationConfig{.horizontal_flip = true, .max_shift = 9, .random_erasing = 0.5}}) {
      const fmnist::Augmenter augmenter(change, 4, 5);
      fmnist::InputBatch host(data, augmenter);
      fmnist::DeviceInputs device(data, augmenter, at::kCPU);
      host.begin_epoch(3);
      device.begin_epoch(3);
      const auto positions = first_positions(9000);
      for (const bool training : {false, true}) {
        std::vector<float> expected(9000 * 40);
        host.gather(positions, training, expected.data());
        device.begin_pass(positions, training);
        const auto batch = device.of_pass(0, 9000);
        EXPECT_LT(relative_difference(fmnist::to_vector(batch.inputs.flatten()), expected), 1e-6);
        EXPECT_TRUE(device.of_pass(8500, 100).inputs.equal(batch.inputs.narrow(0, 8500, 100)));
        EXPECT_EQ(batch.labels[8999].item<std::int64_t>(), data->examples.labels[8999]);
      }
    }
  }
}

TEST(DeviceCopies, AreMadeOnceForAllAndNotForCopiesOfTheData) {
  const auto data = made_up_data(20, 40, 5);
  int n_made = 0;
  const auto make = [&] {
    ++n_made;
    return std::make_shared<int>(n_made);
  };
  const auto first = data->copies.on("a", make);
  EXPECT_EQ(data->copies.on("a", make), first);
  EXPECT_NE(data->copies.on("b", make), first);
  const fmnist::TrainingData copy(*data);
  EXPECT_NE(copy.copies.on("a", make), first);
  EXPECT_EQ(n_made, 3);
  EXPECT_THROW((void)data->copies.on("c", []() -> std::shared_ptr<void> { throw tune::Error("no memory"); }),
               tune::Error);
  EXPECT_NE(data->copies.on("c", make), nullptr);
}

TEST(DeviceMasks, OnTheCpuAreThoseOfTheHandWrittenEngine) {
  fmnist::DropoutMasks host(1, 2);
  fmnist::DeviceMasks device(1, 2, at::kCPU);
  host.begin_epoch(3);
  device.begin_epoch(3);
  const at::Tensor found = device.next(at::empty({7, 11}), 0.4);
  const auto expected = host.next(77, 0.4);
  for (std::int64_t i = 0; i < 77; ++i) {
    const bool stays = expected.words[i] >= expected.threshold;
    EXPECT_EQ(found.flatten()[i].item<float>(), stays ? expected.scale : 0.0F);
  }
  EXPECT_EQ(device.state(), host.state());
}

TEST(LossGradient, IsWhatAutogradGives) {
  torch::manual_seed(3);
  const at::Tensor labels = torch::randint(0, 6, {50}, torch::kLong);
  for (int kind = 0; kind < 4; ++kind) {
    for (const double smoothing : {0.0, 0.3}) {
      const auto loss = static_cast<fmnist::LossKind>(kind);
      const at::Tensor logits = torch::randn({50, 6}).requires_grad_(true);
      fmnist::losses(loss, logits, labels, smoothing).mean().backward();
      const at::Tensor targets = fmnist::smoothed(torch::one_hot(labels, 6).to(torch::kFloat), smoothing);
      const at::Tensor found = fmnist::loss_gradient(loss, logits.detach(), targets);
      EXPECT_TRUE(found.allclose(logits.grad(), 1e-4, 1e-7)) << kind << ' ' << smoothing;
    }
  }
}

TEST(TensorOptimizer, StepsAsTheFlatOneDoes) {
  torch::manual_seed(5);
  for (int kind = 0; kind < 4; ++kind) {
    for (const double momentum : {0.0, 0.9}) {
      for (const double decay : {0.0, 0.1}) {
        const fmnist::OptimizerConfig config{static_cast<OptimizerKind>(kind), 0.01, momentum, momentum > 0.0,
                                             decay};
        at::Tensor parameters = torch::randn({40});
        std::vector<float> expected = fmnist::to_vector(parameters);
        fmnist::FlatOptimizer flat(config, 40);
        fmnist::TensorOptimizer tensors(config, parameters);
        for (int step = 0; step < 10; ++step) {
          const at::Tensor gradients = torch::randn({40});
          flat.step(expected, fmnist::to_vector(gradients));
          tensors.step(parameters, gradients);
        }
        EXPECT_LT(relative_difference(fmnist::to_vector(parameters), expected), 1e-6)
            << kind << momentum << decay;
        EXPECT_EQ(tensors.state().steps, 10);
        EXPECT_EQ(tensors.state().first.size(), flat.state().first.size());
        EXPECT_EQ(tensors.state().second.size(), flat.state().second.size());
      }
    }
  }
}

TEST(Gradients, AreCutOnTheDeviceAsOnTheHost) {
  for (const double max_norm : {0.0, 1.0, 6.0}) {
    at::Tensor gradients = torch::tensor({3.0F, 4.0F});
    fmnist::clip_gradients(gradients, {.max_norm = max_norm});
    EXPECT_NEAR(gradients.norm().item<double>(), 5.0 * fmnist::clipping_factor(5.0, {.max_norm = max_norm}),
                1e-5);
  }
}

TEST(DeviceStream, OnTheCpuIsNone) {
  const fmnist::DeviceStream stream(at::kCPU);
  const fmnist::DeviceStream::Scope scope(stream);
  EXPECT_FALSE(stream.stream().has_value());
}

TEST(DeviceFailure, IsToldFromATrialsByItsWords) {
  using fmnist::Failure;
  const auto failure_of = fmnist::failure_of;
  EXPECT_EQ(failure_of("CUDA out of memory. Tried to allocate 20.00 GiB (GPU 0; …)"), Failure::kMemory);
  EXPECT_EQ(failure_of("CUDA error: out of memory"), Failure::kMemory);
  EXPECT_EQ(failure_of("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            Failure::kMemory);
  EXPECT_EQ(failure_of("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
            Failure::kMemory);
  EXPECT_EQ(failure_of("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"), Failure::kMemory);
  EXPECT_EQ(failure_of("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes."),
            Failure::kMemory);
  EXPECT_EQ(failure_of("CUDA error: an illegal memory access was encountered"), Failure::kDevice);
  EXPECT_EQ(failure_of("mat1 and mat2 shapes cannot be multiplied"), Failure::kTrial);
}

}  // namespace
