#include <gtest/gtest.h>

#include <limits>

#include "support/trial_builder.hpp"
#include "tune/analysis/hypervolume.hpp"
#include "tune/analysis/pareto_front.hpp"
#include "tune/error.hpp"

namespace tune {
namespace {

using testing::TrialBuilder;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::vector<Direction> kUpAndDown = {Direction::kMaximize, Direction::kMinimize};
const std::vector<Direction> kDown = {Direction::kMinimize};
using Positions = std::vector<std::size_t>;

std::vector<FrozenTrial> built(const std::vector<TrialBuilder>& builders) {
  std::vector<FrozenTrial> trials;
  for (const auto& builder : builders) trials.push_back(builder.build());
  return trials;
}

std::vector<FrozenTrial> complete(const std::vector<std::vector<double>>& values) {
  std::vector<TrialBuilder> builders;
  for (const auto& value : values) {
    builders.push_back(TrialBuilder(static_cast<std::int64_t>(builders.size())).complete(value));
  }
  return built(builders);
}

TEST(ParetoFront, HoldsTheTrialsThatNoOtherOneBeatsInTheirOrder) {
  EXPECT_EQ(pareto_front(complete({{0.9, 5}, {0.8, 6}, {0.7, 1}, {0.95, 9}, {0.9, 6}}), kUpAndDown),
            (Positions{0, 2, 3}));
}

TEST(ParetoFront, HoldsEqualTrialsTogether) {
  EXPECT_EQ(pareto_front(complete({{0.9, 5}, {0.8, 6}, {0.9, 5}}), kUpAndDown), (Positions{0, 2}));
  EXPECT_EQ(pareto_front(complete({{2}, {1}, {3}, {1}}), kDown), (Positions{1, 3}));
}

TEST(ParetoFront, OrdersInfiniteValues) {
  EXPECT_EQ(pareto_front(complete({{kInfinity, 5}, {0.5, -kInfinity}, {0.6, kInfinity}}), kUpAndDown),
            (Positions{0, 1}));
}

TEST(ParetoFront, CountsOnlyFeasibleCompleteTrials) {
  const auto trials = built(
      {TrialBuilder(0).complete({0.9, 1}).constraint(0.5), TrialBuilder(1).complete({0.8, 2}),
       TrialBuilder(2).complete({0.7, 3}).constraint(0.0), TrialBuilder(3).complete({0.6, 0}).constraint(-1.0),
       TrialBuilder(4).complete({9, 0}).system_attr("constraints", "[NaN]"),
       TrialBuilder(5).complete({9, 0}).system_attr("constraints", "[oops"),
       TrialBuilder(6).state(TrialState::kPruned), TrialBuilder(7).state(TrialState::kFail)});
  EXPECT_EQ(pareto_front(trials, kUpAndDown), (Positions{1, 3}));
}

TEST(ParetoFront, IsEmptyWithoutTrials) {
  EXPECT_EQ(pareto_front({}, kUpAndDown), Positions{});
}

TEST(ParetoFront, RefusesATrialWithAnotherNumberOfValues) {
  EXPECT_THROW((void)pareto_front(complete({{0.9}}), kUpAndDown), InvalidArgument);
}

TEST(HypervolumeOfTrials, IsTheAreaUpToTheReferencePoint) {
  const auto trials = complete({{0.75, 4}, {0.5, 2}, {0.5, 4}});
  EXPECT_DOUBLE_EQ(hypervolume(trials, kUpAndDown, std::vector<double>{0.25, 8}), 0.25 * 4 + 0.25 * 6);
}

TEST(HypervolumeOfTrials, CountsNoTrialWorseThanTheReferencePoint) {
  const auto trials = complete({{0.75, 9}, {0.1, 2}});
  EXPECT_EQ(hypervolume(trials, kUpAndDown, std::vector<double>{0.25, 8}), 0.0);
}

TEST(HypervolumeOfTrials, IsTheDistanceForOneObjective) {
  EXPECT_DOUBLE_EQ(hypervolume(complete({{3}, {1}, {9}}), kDown, std::vector<double>{5}), 4.0);
}

TEST(HypervolumeOfTrials, IsInfiniteWithAnInfinitelyGoodTrial) {
  EXPECT_EQ(hypervolume(complete({{0.5, -kInfinity}}), kUpAndDown, std::vector<double>{0.25, 8}), kInfinity);
}

TEST(HypervolumeOfTrials, RefusesAReferencePointThatDoesNotFit) {
  EXPECT_THROW((void)hypervolume({}, kUpAndDown, std::vector<double>{1}), InvalidArgument);
  EXPECT_THROW((void)hypervolume({}, kUpAndDown, std::vector<double>{1, kInfinity}), InvalidArgument);
}

}  // namespace
}  // namespace tune
