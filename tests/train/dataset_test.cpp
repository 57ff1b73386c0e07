#include "fmnist/dataset.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "train/support.hpp"

namespace {

using namespace train_test;
using fmnist::Part;

TEST(Dataset, IsFoundInTheGivenFolderOrBelowIt) {
  const TempDir dir;
  write_small_set(dir.path() / "digits", {0, 1, 2});
  EXPECT_EQ(fmnist::find_dataset("digits", dir.path()), dir.path() / "digits");
  EXPECT_EQ(fmnist::find_dataset("other", dir.path() / "digits"), dir.path() / "digits");
}

TEST(Dataset, ThatIsMissingSaysWhereItLookedAndWhatToDo) {
  const TempDir dir;
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::find_dataset("digits", dir.path()); }),
                       {(dir.path() / "digits").string(), "apt install dataset-fashion-mnist", "--data DIR"}));
}

TEST(Dataset, NameCannotLeadOutOfTheFolder) {
  for (const char* name : {"", ".", "..", "../x", "/etc"}) {
    EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::find_dataset(name, "/tmp"); }), {"name of a folder"}))
        << name;
  }
}

TEST(Dataset, ReadsImagesAndLabels) {
  const TempDir dir;
  write_small_set(dir.path(), {2, 0, 1, 1});
  const auto examples = fmnist::load_examples(dir.path(), Part::kTraining, 3);
  EXPECT_EQ(examples.count, 4U);
  EXPECT_EQ(examples.features, 6U);
  EXPECT_EQ(examples.labels, (std::vector<std::uint8_t>{2, 0, 1, 1}));
  EXPECT_EQ(examples.row(1)[0], static_cast<std::uint8_t>(6 * 37));
}

TEST(Dataset, ChecksumChangesWithOneLabel) {
  const TempDir dir;
  write_small_set(dir.path(), {2, 0, 1, 1});
  const auto before = fmnist::load_examples(dir.path(), Part::kTraining, 3).crc32;
  write_small_set(dir.path(), {2, 0, 1, 2});
  EXPECT_NE(fmnist::load_examples(dir.path(), Part::kTraining, 3).crc32, before);
}

TEST(Dataset, WithoutLabelsNamesTheMissingFile) {
  const TempDir dir;
  write_small_set(dir.path(), {0});
  std::filesystem::remove(dir.path() / "train-labels-idx1-ubyte.gz");
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::load_examples(dir.path(), Part::kTraining, 10); }),
                       {"train-labels-idx1-ubyte", "found neither"}));
}

TEST(Dataset, WithAnotherNumberOfLabelsThanImagesIsRefused) {
  const TempDir dir;
  write_small_set(dir.path(), {0, 1, 2});
  write_file(dir.path() / "train-labels-idx1-ubyte.gz", gzip_bytes(idx_bytes({2}, {0, 1})));
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::load_examples(dir.path(), Part::kTraining, 10); }),
                       {"expected 3 labels", "found 2"}));
}

TEST(Dataset, WithALabelOutOfRangeSaysWhichAndWhere) {
  const TempDir dir;
  write_small_set(dir.path(), {0, 1, 9});
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::load_examples(dir.path(), Part::kTraining, 3); }),
                       {"expected labels 0 to 2", "found 9 at position 2"}));
}

TEST(Dataset, OfASearchNeedsNoTestFiles) {
  const TempDir dir;
  write_small_set(dir.path(), {0, 1, 0, 1, 0, 1});
  const auto data = fmnist::load_training_data(
      {.dataset = "x", .data_dir = dir.path(), .n_classes = 2, .n_validation = 2, .n_training = std::nullopt});
  EXPECT_EQ(data->split.training.size(), 4U);
  EXPECT_FALSE(error_of([&] { (void)fmnist::load_examples(dir.path(), Part::kTest, 2); }).empty());
}

std::vector<std::uint8_t> uneven_labels() {
  std::vector<std::uint8_t> labels;
  for (int i = 0; i < 997; ++i) labels.push_back(i % 10 == 0 ? 2 : (i % 3 == 0 ? 1 : 0));
  return labels;
}

std::array<std::size_t, 3> class_counts(const std::vector<std::uint8_t>& labels,
                                        const std::vector<std::uint32_t>& positions) {
  std::array<std::size_t, 3> counts{};
  for (const std::uint32_t position : positions) ++counts[labels[position]];
  return counts;
}

TEST(Split, GivesEachClassItsShareToWithinOne) {
  const auto labels = uneven_labels();
  const auto split = fmnist::stratified_split(labels, 201, 300, 5);
  std::vector<std::uint32_t> all(labels.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto total = class_counts(labels, all);
  const auto validation = class_counts(labels, split.validation);
  const auto training = class_counts(labels, split.training);
  for (std::size_t c = 0; c < 3; ++c) {
    const double share = static_cast<double>(total[c]) / static_cast<double>(labels.size());
    EXPECT_NEAR(static_cast<double>(validation[c]), 201.0 * share, 1.0);
    EXPECT_NEAR(static_cast<double>(training[c]), 300.0 * share, 2.0);
  }
}

TEST(Split, HasExactSizesAndNoExampleTwice) {
  const auto labels = uneven_labels();
  const auto split = fmnist::stratified_split(labels, 201, std::nullopt, 5);
  EXPECT_EQ(split.validation.size(), 201U);
  EXPECT_EQ(split.training.size(), labels.size() - 201);
  std::set<std::uint32_t> all(split.validation.begin(), split.validation.end());
  all.insert(split.training.begin(), split.training.end());
  EXPECT_EQ(all.size(), labels.size());
  EXPECT_TRUE(std::is_sorted(split.training.begin(), split.training.end()));
}

TEST(Split, DependsOnItsSeedAlone) {
  const auto labels = uneven_labels();
  EXPECT_EQ(fmnist::stratified_split(labels, 100, std::nullopt, 1).validation,
            fmnist::stratified_split(labels, 100, std::nullopt, 1).validation);
  EXPECT_NE(fmnist::stratified_split(labels, 100, std::nullopt, 1).validation,
            fmnist::stratified_split(labels, 100, std::nullopt, 2).validation);
}

TEST(Split, OfMoreThanThereIsIsRefused) {
  const auto labels = uneven_labels();
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::stratified_split(labels, 997, std::nullopt, 0); }),
                       {"at most 997"}));
  EXPECT_FALSE(error_of([&] { (void)fmnist::stratified_split(labels, 500, 498, 0); }).empty());
  EXPECT_TRUE(error_of([&] { (void)fmnist::stratified_split(labels, 500, 497, 0); }).empty());
}

TEST(Normalization, GivesTheTrainingPartMeanZeroAndDeviationOne) {
  const auto data = made_up_data(200, 30, 4);
  double sum = 0.0;
  double squares = 0.0;
  for (const std::uint32_t position : data->split.training) {
    for (std::size_t j = 0; j < 30; ++j) {
      const float x = static_cast<float>(data->examples.row(position)[j]) * data->normalization.scale +
                      data->normalization.shift;
      sum += x;
      squares += static_cast<double>(x) * x;
    }
  }
  const auto n = static_cast<double>(data->split.training.size() * 30);
  EXPECT_NEAR(sum / n, 0.0, 1e-6);
  EXPECT_NEAR(squares / n, 1.0, 1e-6);
}

TEST(Normalization, OfLargeImages) {
  constexpr std::size_t kPixels = 70000;
  fmnist::Examples examples{.count = 2, .features = kPixels, .pixels = {}, .labels = {0, 0}};
  examples.pixels.assign(kPixels, 255);
  examples.pixels.resize(2 * kPixels);
  const std::vector<std::uint32_t> all{0, 1};
  const fmnist::Normalization normalization = fmnist::normalization_of(examples, all);
  EXPECT_FLOAT_EQ(normalization.scale, 1.0F / 127.5F);
  EXPECT_FLOAT_EQ(normalization.shift, -1.0F);
}

TEST(Normalization, OfEqualPixelsOnlyScales) {
  fmnist::Examples examples{.count = 2, .features = 2, .pixels = {9, 9, 9, 9}, .labels = {0, 0}};
  const std::vector<std::uint32_t> all{0, 1};
  EXPECT_FLOAT_EQ(fmnist::normalization_of(examples, all).scale, 1.0F / 255.0F);
}

}  // namespace
