#include "fmnist/kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "fmnist/dropout.hpp"

namespace {

using fmnist::Activation;
using fmnist::kernels;

struct Case {
  Activation activation;
  std::function<double(double)> value;
};

double logistic(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

std::vector<Case> cases() {
  return {{Activation::kRelu, [](double x) { return std::max(x, 0.0); }},
          {Activation::kLeakyRelu, [](double x) { return x > 0.0 ? x : 0.01 * x; }},
          {Activation::kElu, [](double x) { return x > 0.0 ? x : std::expm1(x); }},
          {Activation::kGelu, [](double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }},
          {Activation::kSilu, [](double x) { return x * logistic(x); }},
          {Activation::kTanh, [](double x) { return std::tanh(x); }},
          {Activation::kSigmoid, logistic}};
}

TEST(Kernels, ComputeEachActivationAndItsSlope) {
  std::vector<float> z;
  for (double x = -30.005; x < 30.0; x += 0.07) z.push_back(static_cast<float>(x));
  std::vector<float> out(z.size());
  std::vector<float> slope(z.size());
  for (const auto& [activation, value] : cases()) {
    kernels().activate(activation, z.size(), z.data(), {}, out.data(), slope.data());
    for (std::size_t i = 0; i < z.size(); ++i) {
      const double x = z[i];
      const double expected_slope = (value(x + 1e-5) - value(x - 1e-5)) / 2e-5;
      EXPECT_NEAR(out[i], value(x), 3e-7 * (1.0 + std::abs(x))) << static_cast<int>(activation) << " at " << x;
      EXPECT_NEAR(slope[i], expected_slope, 2e-6) << static_cast<int>(activation) << " at " << x;
    }
  }
}

TEST(Kernels, LetNanThroughEveryActivation) {
  const std::vector<float> z(19, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> out(z.size());
  for (const auto& test : cases()) {
    kernels().activate(test.activation, z.size(), z.data(), {}, out.data(), nullptr);
    for (const float value : out) EXPECT_TRUE(std::isnan(value)) << static_cast<int>(test.activation);
  }
}

TEST(Kernels, GiveANanLossForNanLogits) {
  std::vector<float> logits{1.0F, std::numeric_limits<float>::quiet_NaN(), 0.5F};
  const std::uint8_t label = 0;
  EXPECT_TRUE(std::isnan(kernels().cross_entropy(1, 3, logits.data(), &label, 0.0F, false).loss));
}

TEST(Kernels, GiveCrossEntropyAndItsGradient) {
  std::vector<float> logits{1.0F, 2.0F, -1.0F, 300.0F, -300.0F, 0.0F};
  const std::uint8_t labels[] = {1, 0};
  const double total = std::exp(1.0) + std::exp(2.0) + std::exp(-1.0);
  const auto sums = kernels().cross_entropy(2, 3, logits.data(), labels, 0.0F, true);
  EXPECT_NEAR(sums.loss, std::log(total) - 2.0, 1e-6);
  EXPECT_EQ(sums.correct, 2);
  EXPECT_NEAR(logits[0], 0.5 * std::exp(1.0) / total, 1e-7);
  EXPECT_NEAR(logits[1], 0.5 * (std::exp(2.0) / total - 1.0), 1e-7);
  EXPECT_NEAR(logits[3], 0.0, 1e-7);
}

/// Loss of one row whose class `label` is right, as `kernel` has it.
using RowLoss = fmnist::LossSums (*)(std::size_t, std::size_t, float*, const std::uint8_t*, float, bool);

double loss_of(RowLoss kernel, std::vector<float> logits, std::uint8_t label, float smoothing) {
  return kernel(1, logits.size(), logits.data(), &label, smoothing, false).loss;
}

TEST(Kernels, GiveTheSlopesOfEveryLossWithSmoothedLabels) {
  const std::vector<float> logits{0.5F, -1.0F, 2.0F, 0.1F};
  constexpr float kStep = 1e-2F;
  for (const RowLoss kernel : {kernels().cross_entropy, kernels().softmax_cross_entropy}) {
    for (const float smoothing : {0.0F, 0.1F, 0.9F}) {
      auto gradient = logits;
      const std::uint8_t label = 1;
      (void)kernel(1, logits.size(), gradient.data(), &label, smoothing, true);
      for (std::size_t j = 0; j < logits.size(); ++j) {
        auto up = logits;
        auto down = logits;
        up[j] += kStep;
        down[j] -= kStep;
        const double slope = (loss_of(kernel, up, label, smoothing) - loss_of(kernel, down, label, smoothing)) /
                             (2.0 * static_cast<double>(kStep));
        EXPECT_NEAR(gradient[j], slope, 1e-4) << "smoothing " << smoothing << ", class " << j;
      }
    }
  }
}

TEST(Kernels, ASoftmaxTooManyKeepsTheLossFarFromZero) {
  // The best that ten classes can reach: log(e + 9) - 1.
  std::vector<float> certain(10, 0.0F);
  certain[3] = 100.0F;
  EXPECT_NEAR(loss_of(kernels().softmax_cross_entropy, certain, 3, 0.0F), 1.4612, 1e-4);
  EXPECT_NEAR(loss_of(kernels().cross_entropy, certain, 3, 0.0F), 0.0, 1e-6);
}

TEST(Kernels, AddTheSlopesOfPenalties) {
  const std::vector<float> w{-2.0F, 0.0F, 3.0F};
  std::vector<float> g{1.0F, 1.0F, 1.0F};
  kernels().penalize(w.size(), w.data(), 0.5F, 0.25F, g.data());
  EXPECT_EQ(g, (std::vector<float>{-0.5F, 1.0F, 3.0F}));
}

TEST(Kernels, SumSquaresOfAnyNumber) {
  for (const std::size_t n : {0U, 1U, 7U, 8U, 19U}) {
    const std::vector<float> g(n, 2.0F);
    EXPECT_EQ(kernels().sum_of_squares(n, g.data()), 4.0 * static_cast<double>(n));
  }
}

TEST(DropoutMasks, KeepTheShareThatIsAskedFor) {
  fmnist::DropoutMasks masks(1, 2);
  masks.begin_epoch(1);
  const std::size_t n = 100003;
  const auto mask = masks.next(n, 0.3);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) kept += mask.words[i] >= mask.threshold ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(kept) / static_cast<double>(n), 0.7, 0.006);
  EXPECT_FLOAT_EQ(mask.scale, 1.0F / 0.7F);
}

TEST(DropoutMasks, DifferByTrialAndEpochAndAreTheSameForTheSameKey) {
  const auto first_word = [](std::uint64_t trial, std::uint64_t epoch) {
    fmnist::DropoutMasks masks(1, trial);
    masks.begin_epoch(epoch);
    return masks.next(16, 0.5).words[5];
  };
  EXPECT_EQ(first_word(1, 1), first_word(1, 1));
  EXPECT_NE(first_word(1, 1), first_word(2, 1));
  EXPECT_NE(first_word(1, 1), first_word(1, 2));
}

TEST(Kernels, GatherTakesRowsOfEveryLengthInTheOrderAskedFor) {
  const std::vector<std::uint32_t> order{4, 0, 4, 2, 1, 3};
  for (const std::size_t features : {1U, 15U, 16U, 63U, 64U, 81U, 784U}) {
    std::vector<std::uint8_t> pixels(5 * features);
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37 % 251);
    for (std::size_t n = 1; n <= order.size(); ++n) {
      std::vector<float> out(n * features + 1, -1.0F);
      kernels().gather(pixels.data(), features, order.data(), n, 0.25F, -3.0F, out.data());
      for (std::size_t i = 0; i < n * features; ++i) {
        const std::uint8_t pixel = pixels[order[i / features] * features + i % features];
        ASSERT_EQ(out[i], 0.25F * static_cast<float>(pixel) - 3.0F) << features << " features, number " << i;
      }
      EXPECT_EQ(out.back(), -1.0F) << "behind the last row of " << features;
    }
  }
}

/// Squares of gradients from far below eps² to beyond any that trains.
std::vector<float> magnitudes() {
  std::vector<float> values{0.0F};
  for (double x = 1e-18; x < 1e18; x *= 1.37) values.push_back(static_cast<float>(x));
  return values;
}

TEST(Kernels, AdamIsExactToRoundingForGradientsOfEverySize) {
  const auto gradients = magnitudes();
  const std::size_t n = gradients.size();
  std::vector<float> p(n, 0.0F);
  std::vector<float> first(n, 0.0F);
  std::vector<float> second(n, 0.0F);
  // The first step of Adam: the moments over their corrections are the gradient and its square.
  const fmnist::AdamStep step{0.9F, 0.1F, 0.999F, 0.001F, 0.01F / 0.1F, std::sqrt(1000.0F), 1e-8F, 0.0F, 1.0F};
  kernels().adam(n, p.data(), gradients.data(), first.data(), second.data(), step);
  for (std::size_t i = 0; i < n; ++i) {
    const double g = gradients[i];
    const double expected = -0.01 * g / (g + 1e-8);
    EXPECT_NEAR(p[i], expected, 2e-6 * std::abs(expected)) << "gradient " << g;
  }
}

TEST(Kernels, RmspropIsExactToRoundingForGradientsOfEverySize) {
  const auto gradients = magnitudes();
  const std::size_t n = gradients.size();
  std::vector<float> p(n, 0.0F);
  std::vector<float> second(n, 0.0F);
  kernels().rmsprop(n, p.data(), gradients.data(), second.data(), {0.01F, 0.99F, 0.01F, 1e-8F, 0.0F});
  for (std::size_t i = 0; i < n; ++i) {
    const double g = gradients[i];
    const double expected = -0.01 * g / (0.1 * g + 1e-8);
    EXPECT_NEAR(p[i], expected, 2e-6 * std::abs(expected)) << "gradient " << g;
  }
}

TEST(Kernels, AdamStandsStillWhereTheSquareIsInfiniteAndShowsNan) {
  const std::vector<float> gradients{1e30F, std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> p(2, 0.5F);
  std::vector<float> first(2, 0.0F);
  std::vector<float> second(2, 0.0F);
  kernels().adam(2, p.data(), gradients.data(), first.data(), second.data(),
                 {0.9F, 0.1F, 0.999F, 0.001F, 0.1F, 31.6F, 1e-8F, 0.0F, 1.0F});
  EXPECT_EQ(p[0], 0.5F);
  EXPECT_TRUE(std::isnan(p[1]));
}

}  // namespace
