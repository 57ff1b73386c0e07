#include "cli/run/space_warnings.hpp"

#include <gtest/gtest.h>

namespace fmnist_tune {
namespace {

using tune::CategoricalDistribution;
using tune::FloatDistribution;
using tune::IntDistribution;
using tune::ParamValue;
using Warnings = std::vector<std::string>;

Warnings warnings_of(const std::string& name, const tune::Distribution& distribution) {
  tune::SearchSpace space;
  space.add({name, distribution, {}});
  return space_warnings(space);
}

TEST(SpaceWarnings, FindNothingWrongWithAUsualSpace) {
  EXPECT_EQ(warnings_of("lr", FloatDistribution{1e-5, 1e-1, true}), Warnings{});
  EXPECT_EQ(warnings_of("lr", FloatDistribution{0.01, 0.09}), Warnings{});
  EXPECT_EQ(warnings_of("dropout", FloatDistribution{0.0, 0.6}), Warnings{});
  EXPECT_EQ(warnings_of("width", IntDistribution{16, 512}), Warnings{});
  EXPECT_EQ(warnings_of("optimizer", CategoricalDistribution{{ParamValue("sgd"), ParamValue("adam")}}),
            Warnings{});
}

TEST(SpaceWarnings, NameAParameterWithOneValue) {
  const Warnings expected = {"width: has one value, 64; it could stand under \"fixed\""};
  EXPECT_EQ(warnings_of("width", CategoricalDistribution{{ParamValue(std::int64_t{64})}}), expected);
  EXPECT_EQ(warnings_of("width", IntDistribution{64, 64}), expected);
  EXPECT_EQ(warnings_of("lr", FloatDistribution{0.01, 0.01}).size(), 1U);
}

TEST(SpaceWarnings, WantALogarithmOverOrdersOfMagnitude) {
  const Warnings expected = {
      "l2: from 1e-05 to 0.01 without \"log\": nine of ten values that are tried are above 0.001009"};
  EXPECT_EQ(warnings_of("l2", FloatDistribution{1e-5, 1e-2}), expected);
  EXPECT_EQ(warnings_of("l2", FloatDistribution{1e-3, 9e-2}), Warnings{});
  EXPECT_EQ(warnings_of("width", IntDistribution{1, 1000}).size(), 1U);
  EXPECT_EQ(warnings_of("width", IntDistribution{1, 1000, true}), Warnings{});
}

TEST(SpaceWarnings, AreStricterAboutLearningRates) {
  EXPECT_EQ(warnings_of("lr", FloatDistribution{0.01, 0.1}).size(), 1U);
  EXPECT_EQ(warnings_of("lr", FloatDistribution{0.0, 0.1}).size(), 2U);
  EXPECT_EQ(warnings_of("dropout", FloatDistribution{0.01, 0.1}), Warnings{});
  for (const auto& [low, high] : {std::pair(1e-7, 0.1), std::pair(1e-4, 2.0)}) {
    const auto found = warnings_of("lr", FloatDistribution{low, high, true});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found.front().find("above 1 training diverges"), std::string::npos);
  }
  EXPECT_EQ(warnings_of("lr", CategoricalDistribution{{ParamValue(1e-9), ParamValue(0.1)}}).size(), 1U);
  EXPECT_EQ(warnings_of("lr", CategoricalDistribution{{ParamValue(0.01), ParamValue(0.1)}}), Warnings{});
}

TEST(SpaceWarnings, NameAParameterPerLayerOnce) {
  tune::SearchSpace space;
  space.add({"depth", IntDistribution{1, 3}, {}});
  space.add_repeated("dropout", FloatDistribution{0.001, 0.5}, "depth");
  const auto found = space_warnings(space);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().rfind("dropout: ", 0), 0U);
}

}  // namespace
}  // namespace fmnist_tune
