#include "tune/search_space.hpp"

#include <gtest/gtest.h>

#include "tune/error.hpp"

namespace tune {
namespace {

SearchSpace layered() {
  SearchSpace space;
  space.add({"depth", IntDistribution{1, 3}, {}});
  space.add_repeated("width", IntDistribution{32, 512, true}, "depth");
  return space;
}

TEST(SearchSpace, RepeatsAParameterOncePerPossibleLayer) {
  const SearchSpace space = layered();
  ASSERT_EQ(space.parameters().size(), 4U);
  EXPECT_NE(space.find("width_l2"), nullptr);
  EXPECT_EQ(space.find("width_l3"), nullptr);
}

TEST(SearchSpace, KeepsALayersParameterOnlyWhileTheLayerExists) {
  const SearchSpace space = layered();
  const ParamValues two_layers = {{"depth", std::int64_t{2}}};
  EXPECT_TRUE(SearchSpace::is_active(*space.find("width_l1"), two_layers));
  EXPECT_FALSE(SearchSpace::is_active(*space.find("width_l2"), two_layers));
  EXPECT_FALSE(SearchSpace::is_active(*space.find("width_l0"), {}));
}

TEST(SearchSpace, KeepsAConditionalParameterOnlyUnderItsChoices) {
  SearchSpace space;
  space.add({"optimizer", CategoricalDistribution{{std::string("sgd"), std::string("adam")}}, {}});
  space.add({"momentum", FloatDistribution{0.0, 0.99}, {WhenOneOf{"optimizer", {std::string("sgd")}}}});
  EXPECT_TRUE(SearchSpace::is_active(*space.find("momentum"), {{"optimizer", std::string("sgd")}}));
  EXPECT_FALSE(SearchSpace::is_active(*space.find("momentum"), {{"optimizer", std::string("adam")}}));
}

TEST(SearchSpace, CountsConditionalParametersOnlyWhereTheyExist) {
  SearchSpace space;
  EXPECT_EQ(space.cardinality(), 1U);
  space.add({"kind", CategoricalDistribution{{std::string("a"), std::string("b")}}, {}});
  space.add(
      {"depth", IntDistribution{0, 6, false, 2}, {WhenOneOf{"kind", {std::string("b"), std::string("c")}}}});
  EXPECT_EQ(space.cardinality(), 1U + 4U);
  space.add({"width", IntDistribution{1, 10}, {WhenAtLeast{"depth", 3}}});
  EXPECT_EQ(space.cardinality(), 1U + 2U + 2U * 10U);
}

TEST(SearchSpace, CountsWithoutWalkingThroughAllValues) {
  SearchSpace space;
  space.add({"seed", IntDistribution{0, 999'999'999'999}, {}});
  space.add({"x", IntDistribution{1, 3}, {WhenOneOf{"seed", {std::int64_t{7}, std::int64_t{9}}}}});
  EXPECT_EQ(space.cardinality(), 1'000'000'000'000U + 4U);
}

TEST(SearchSpace, HasNoCountWhenItIsInfiniteOrTooLarge) {
  SearchSpace infinite;
  infinite.add({"x", FloatDistribution{0.0, 1.0}, {}});
  EXPECT_EQ(infinite.cardinality(), std::nullopt);
  SearchSpace large;
  large.add({"a", IntDistribution{1, 1'000'000'000}, {}});
  large.add({"b", IntDistribution{1, 1'000'000'000}, {}});
  EXPECT_EQ(large.cardinality(), 1'000'000'000'000'000'000U);
  large.add({"c", IntDistribution{1, 2}, {}});
  EXPECT_EQ(large.cardinality(), std::nullopt);
}

TEST(SearchSpace, RefusesANameTwice) {
  SearchSpace space = layered();
  EXPECT_THROW(space.add({"depth", IntDistribution{1, 2}, {}}), InvalidArgument);
}

TEST(SearchSpace, RefusesAParentThatIsNotDeclaredBefore) {
  SearchSpace space;
  EXPECT_THROW(space.add({"momentum", FloatDistribution{}, {WhenOneOf{"optimizer", {}}}}), InvalidArgument);
  EXPECT_THROW(space.add_repeated("width", IntDistribution{1, 2}, "depth"), InvalidArgument);
}

TEST(SearchSpace, NamesTheParameterWhoseRangeIsWrong) {
  SearchSpace space;
  try {
    space.add({"lr", FloatDistribution{1.0, 0.1}, {}});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(), "parameter 'lr': low must be <= high, found low 1.0 and high 0.1");
  }
  EXPECT_TRUE(space.empty());
}

}  // namespace
}  // namespace tune
