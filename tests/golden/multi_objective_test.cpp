#include <gtest/gtest.h>

#include <algorithm>

#include "support/golden_data.hpp"
#include "tune/math/hypervolume.hpp"
#include "tune/math/non_domination.hpp"

namespace tune::math {
namespace {

using nlohmann::json;
using testing::golden_numbers;

PointSet read_points(const json& golden, std::size_t dimensions) {
  PointSet points(dimensions);
  for (const auto& point : golden) {
    points.add(golden_numbers(point));
  }
  return points;
}

PointSet read_points(const json& golden) {
  return read_points(golden.at("points"), golden.at("ref").size());
}

using Ranks = std::vector<std::size_t>;

TEST(MultiObjectiveGolden, HypervolumesMatchOptuna) {
  const json golden = testing::load_golden("multiobjective.json");
  for (const char* group : {"cases", "edge"}) {
    for (const auto& item : golden.at(group)) {
      const double expected = testing::golden_number(item.at("hv"));
      const double actual = hypervolume(read_points(item), golden_numbers(item.at("ref")));
      EXPECT_TRUE(actual == expected || std::abs(actual / expected - 1.0) <= 1e-12)
          << item.dump() << " gives " << actual;
    }
  }
}

TEST(MultiObjectiveGolden, RanksMatchOptuna) {
  const json data = testing::load_golden("multiobjective.json");
  for (const json& item : data.at("cases")) {
    const PointSet points = read_points(item);
    const auto n_below = item.at("n_below").get<std::size_t>();
    EXPECT_EQ(non_domination_ranks(points, points.size()), item.at("ranks").get<Ranks>()) << item.at("id");
    EXPECT_EQ(non_domination_ranks(points, n_below), item.at("ranks_n_below").get<Ranks>()) << item.at("id");
    EXPECT_EQ(non_domination_ranks(points, golden_numbers(item.at("penalty")), points.size()),
              item.at("ranks_penalty").get<Ranks>())
        << item.at("id");
  }
}

TEST(MultiObjectiveGolden, HypervolumeSubsetsMatchOptuna) {
  std::size_t n_checked = 0;
  const json data = testing::load_golden("multiobjective.json");
  for (const json& item : data.at("cases")) {
    if (!item.contains("hssp")) {
      continue;
    }
    const json& hssp = item.at("hssp");
    const auto front = hssp.at("front").get<std::vector<std::size_t>>();
    auto selected =
        select_by_hypervolume(read_points(item).subset(front), hssp.at("subset_size").get<std::size_t>(),
                              golden_numbers(item.at("ref")));
    std::transform(selected.begin(), selected.end(), selected.begin(), [&](auto i) { return front[i]; });
    std::sort(selected.begin(), selected.end());
    EXPECT_EQ(selected, hssp.at("selected").get<std::vector<std::size_t>>()) << item.at("id");
    ++n_checked;
  }
  EXPECT_GE(n_checked, 8U);
}

}  // namespace
}  // namespace tune::math
