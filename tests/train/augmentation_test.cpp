#include "fmnist/augmentation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "fmnist/engine.hpp"
#include "fmnist/families/dense.hpp"
#include "train/support.hpp"

namespace {

using namespace train_test;
using fmnist::AugmentationConfig;
using fmnist::Augmenter;

constexpr std::size_t kHeight = 4;
constexpr std::size_t kWidth = 5;
using Image = std::array<std::uint8_t, kHeight * kWidth>;

/// Every pixel another number, none 0.
Image image() {
  Image pixels{};
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels.at(i) = static_cast<std::uint8_t>(i + 1);
  return pixels;
}

Image changed(const AugmentationConfig& config, std::uint64_t epoch, std::uint32_t position,
              std::uint64_t seed = 1) {
  Augmenter augmenter(config, seed, 2);
  augmenter.begin_epoch(epoch);
  Image result{};
  augmenter.apply(image().data(), position, kHeight, kWidth, result.data());
  return result;
}

Image mirrored() {
  Image result = image();
  for (std::size_t y = 0; y < kHeight; ++y)
    std::reverse(result.begin() + y * kWidth, result.begin() + (y + 1) * kWidth);
  return result;
}

TEST(Augmentation, LeavesImagesAsTheyAreUnlessAsked) {
  EXPECT_FALSE(AugmentationConfig{}.changes_images());
  EXPECT_EQ(changed({}, 1, 0), image());
}

TEST(Augmentation, MirrorsHalfOfTheImages) {
  int n_mirrored = 0;
  for (std::uint32_t position = 0; position < 1000; ++position) {
    const Image result = changed({.horizontal_flip = true}, 1, position);
    ASSERT_TRUE(result == image() || result == mirrored());
    n_mirrored += result == mirrored() ? 1 : 0;
  }
  EXPECT_NEAR(n_mirrored, 500, 60);
}

TEST(Augmentation, MovesImagesByEveryDistanceUpToTheLargestWithBlackFollowing) {
  std::set<std::pair<int, int>> seen;
  for (std::uint32_t position = 0; position < 1000; ++position) {
    const Image result = changed({.max_shift = 2}, 1, position);
    // Where the pixel in the middle, or any that is left, came from.
    const auto found =
        std::find_if(result.begin(), result.end(), [](std::uint8_t pixel) { return pixel != 0; });
    ASSERT_NE(found, result.end());
    const auto at = static_cast<int>(found - result.begin());
    const int from = *found - 1;
    const int dy = from / 5 - at / 5;
    const int dx = from % 5 - at % 5;
    seen.emplace(dy, dx);
    for (int i = 0; i < 20; ++i) {
      const int y = i / 5 + dy;
      const int x = i % 5 + dx;
      const bool is_inside = y >= 0 && y < 4 && x >= 0 && x < 5;
      ASSERT_EQ(result.at(static_cast<std::size_t>(i)), is_inside ? y * 5 + x + 1 : 0);
    }
  }
  EXPECT_EQ(seen.size(), 25U);
}

TEST(Augmentation, ErasesOneRectangleOfAsManyImagesAsAsked) {
  int n_erased = 0;
  for (std::uint32_t position = 0; position < 2000; ++position) {
    const Image result = changed({.random_erasing = 0.25}, 1, position);
    int top = 9, left = 9, bottom = -1, right = -1, n_black = 0;
    for (int i = 0; i < 20; ++i) {
      if (result.at(static_cast<std::size_t>(i)) != 0) {
        ASSERT_EQ(result.at(static_cast<std::size_t>(i)), i + 1);
        continue;
      }
      ++n_black;
      top = std::min(top, i / 5), bottom = std::max(bottom, i / 5);
      left = std::min(left, i % 5), right = std::max(right, i % 5);
    }
    if (n_black == 0) continue;
    ++n_erased;
    EXPECT_EQ(n_black, (bottom - top + 1) * (right - left + 1));
  }
  EXPECT_NEAR(n_erased, 500, 70);
}

TEST(Augmentation, DependsOnSeedEpochAndPositionAlone) {
  const AugmentationConfig config{.horizontal_flip = true, .max_shift = 2, .random_erasing = 0.5};
  int n_same_in_other_epoch = 0, n_same_elsewhere = 0, n_same_seed = 0;
  for (std::uint32_t position = 0; position < 200; ++position) {
    const Image result = changed(config, 1, position);
    EXPECT_EQ(result, changed(config, 1, position));
    n_same_in_other_epoch += result == changed(config, 2, position) ? 1 : 0;
    n_same_elsewhere += result == changed(config, 1, position + 1) ? 1 : 0;
    n_same_seed += result == changed(config, 1, position, 9) ? 1 : 0;
  }
  EXPECT_LT(n_same_in_other_epoch, 20);
  EXPECT_LT(n_same_elsewhere, 20);
  EXPECT_LT(n_same_seed, 20);
}

TEST(Augmentation, ChangesTrainingImagesAlikeInAllEnginesAndNoOthers) {
  const auto data = made_up_data(100, 40, 5, 5);
  std::vector<std::uint32_t> positions(50);
  for (std::uint32_t i = 0; i < 50; ++i) positions[i] = i;
  fmnist::EngineConfig config;
  config.network = fmnist::dense_network({}, 40, 5);
  const auto plain = fmnist::make_autograd_engine(data, config, "cpu");
  config.augmentation = {.horizontal_flip = true, .max_shift = 1};
  const auto by_hand = fmnist::make_gemm_engine(data, config, fmnist::aten_gemm());
  const auto autograd = fmnist::make_autograd_engine(data, config, "cpu");
  EXPECT_NEAR(autograd->evaluate(positions).loss, plain->evaluate(positions).loss, 1e-6);
  EXPECT_NEAR(by_hand->evaluate(positions).loss, plain->evaluate(positions).loss, 1e-4);
  const double loss = plain->train_step(positions).loss;
  by_hand->begin_epoch(1);
  autograd->begin_epoch(1);
  const double changed_loss = autograd->train_step(positions).loss;
  EXPECT_NEAR(by_hand->train_step(positions).loss, changed_loss, 1e-4);
  const auto tensor = fmnist::make_tensor_engine(data, config, "cpu");
  tensor->begin_epoch(1);
  EXPECT_NEAR(tensor->train_step(positions).loss, changed_loss, 1e-4);
  EXPECT_GT(std::abs(changed_loss - loss), 1e-3);
}

}  // namespace
