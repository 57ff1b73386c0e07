#include "tune/samplers/grid.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "support/temporary_folder.hpp"
#include "tune/error.hpp"
#include "tune/math/permutation.hpp"
#include "tune/samplers/grid_points.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

/// 2 × 3 configurations, of which those with b have 2 more values each: 3 + 3 · 2 = 9.
SearchSpace conditional_space() {
  SearchSpace space;
  space.add({"kind", CategoricalDistribution{{std::string("a"), std::string("b")}}, {}});
  space.add({"n", IntDistribution{2, 6, false, 2}, {}});
  space.add({"x", FloatDistribution{0.1, 0.2, false, 0.1}, {WhenOneOf{"kind", {std::string("b")}}}});
  return space;
}

StudyOptions grid_study(std::shared_ptr<Storage> storage = nullptr) {
  StudyOptions options;
  options.sampler = std::make_shared<const GridSampler>();
  options.space = conditional_space();
  options.storage = std::move(storage);
  options.load_if_exists = true;
  options.seed = 5;
  return options;
}

/// Asks and tells until the grid or the number of trials is used up.
std::multiset<ParamValues> run(Study& study, std::int64_t max_trials = 1000) {
  std::multiset<ParamValues> seen;
  for (;;) {
    AskResult ask = study.ask_within(max_trials);
    if (ask.status == ReserveStatus::kAllFinished) return seen;
    if (ask.status == ReserveStatus::kOthersRunning) {
      std::this_thread::yield();
      continue;
    }
    seen.insert(ask.trial->params());
    study.tell(std::move(*ask.trial), 1.0);
  }
}

std::size_t n_distinct(const std::multiset<ParamValues>& seen) {
  return std::set<ParamValues>(seen.begin(), seen.end()).size();
}

TEST(GridPoints, CountsConditionalParametersOnlyWhereTheyExist) {
  const SearchSpace space = conditional_space();
  const samplers::GridPoints grid(space);
  EXPECT_EQ(grid.n_numbers(), 12U);
  EXPECT_EQ(grid.size(), 9U);
  std::set<ParamValues> points;
  for (std::uint64_t number = 0; number < grid.n_numbers(); ++number) {
    const auto point = grid.point(number);
    if (!point) continue;
    points.insert(*point);
    const auto found = grid.number_of([&](const ParameterDeclaration& declaration) {
      return std::optional(to_internal(declaration.distribution, point->at(declaration.name)));
    });
    EXPECT_EQ(found, number);
  }
  EXPECT_EQ(points.size(), 9U);
}

TEST(GridPoints, RefusesWhatHasNoEndAndNamesIt) {
  SearchSpace space;
  space.add({"lr", FloatDistribution{1e-5, 1e-1, true, {}}, {}});
  try {
    (void)samplers::GridPoints(space);
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("\"lr\""), std::string::npos) << error.what();
  }
  EXPECT_THROW((void)samplers::GridPoints(SearchSpace()), InvalidArgument);
}

TEST(GridPoints, RefusesMoreThanCanBeCounted) {
  SearchSpace space;
  for (int i = 0; i < 7; ++i) space.add({"n" + std::to_string(i), IntDistribution{0, 999, false, 1}, {}});
  EXPECT_THROW((void)samplers::GridPoints(space), InvalidArgument);
}

TEST(Permutation, HitsEveryNumberOnce) {
  for (const std::uint64_t n : {1U, 2U, 3U, 48U, 1000U}) {
    const math::Permutation order(n, 9);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < n; ++i) seen.insert(order(i));
    EXPECT_EQ(seen.size(), n);
    EXPECT_EQ(*seen.rbegin(), n - 1);
  }
  EXPECT_NE(math::Permutation(1000, 9)(0), math::Permutation(1000, 10)(0));
}

TEST(GridSampler, TakesEveryConfigurationOnceAndEnds) {
  Study study = Study::create(grid_study());
  const auto seen = run(study);
  EXPECT_EQ(seen.size(), 9U);
  EXPECT_EQ(n_distinct(seen), 9U);
  const AskResult after = study.ask_within(1000);
  EXPECT_TRUE(after.exhausted);
  EXPECT_EQ(after.status, ReserveStatus::kAllFinished);
}

TEST(GridSampler, GoesOnWhereItStoppedAndIsSharedThroughAFile) {
  const testing::TemporaryFolder folder;
  auto all = [&] {
    Study study = Study::create(grid_study(open_sqlite_storage(folder / "grid.db")));
    return run(study, 4);
  }();
  EXPECT_EQ(all.size(), 4U);
  std::vector<std::multiset<ParamValues>> seen(2);
  std::vector<std::thread> workers;
  for (auto& mine : seen) {
    workers.emplace_back([&] {
      Study study = Study::create(grid_study(open_sqlite_storage(folder / "grid.db")));
      mine = run(study);
    });
  }
  for (auto& worker : workers) worker.join();
  for (const auto& mine : seen) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 9U);
  EXPECT_EQ(n_distinct(all), 9U);
}

TEST(GridSampler, TakesTheNewPointsOfARangeThatGrew) {
  const auto storage = make_in_memory_storage();
  {
    Study study = Study::create(grid_study(storage));
    (void)run(study);
  }
  StudyOptions options = grid_study(storage);
  options.space = SearchSpace();
  options.space.add({"kind", CategoricalDistribution{{std::string("a"), std::string("b")}}, {}});
  options.space.add({"n", IntDistribution{2, 8, false, 2}, {}});
  options.space.add({"x", FloatDistribution{0.1, 0.2, false, 0.1}, {WhenOneOf{"kind", {std::string("b")}}}});
  Study study = Study::create(std::move(options));
  const auto seen = run(study);
  EXPECT_EQ(seen.size(), 3U);
  for (const ParamValues& params : seen) EXPECT_EQ(std::get<std::int64_t>(params.at("n")), 8);
}

TEST(GridSampler, EndsThoughAnEnqueuedTrialCannotBeTaken) {
  Study study = Study::create(grid_study());
  NewTrial broken;
  broken.fixed_params = R"({"kind": 7, "n": 2})";
  (void)study.storage().enqueue(study.id(), std::vector<NewTrial>{broken});
  AskResult ask = study.ask_within(1000);
  EXPECT_NE(ask.error, "");
  study.tell(std::move(*ask.trial), TrialState::kFail, ask.error);
  EXPECT_EQ(n_distinct(run(study)), 9U);
}

TEST(GridSampler, CountsWhatWasEnqueued) {
  Study study = Study::create(grid_study());
  (void)study.enqueue_trials(
      {{{"kind", std::string("a")}, {"n", std::int64_t{4}}}, {{"kind", std::string("b")}}});
  const auto seen = run(study);
  EXPECT_EQ(seen.size(), 9U);
  EXPECT_EQ(n_distinct(seen), 9U);
}

TEST(GridSampler, GivesEachConfigurationAllItsReplicates) {
  StudyOptions options = grid_study();
  options.replicates = 3;
  Study study = Study::create(std::move(options));
  const auto seen = run(study);
  EXPECT_EQ(seen.size(), 27U);
  EXPECT_EQ(n_distinct(seen), 9U);
  for (const ParamValues& params : seen) EXPECT_EQ(seen.count(params), 3U);
}

TEST(GridSampler, IsSharedByWorkersOfOneStudyWithoutRepeats) {
  Study study = Study::create(grid_study());
  std::vector<std::multiset<ParamValues>> seen(4);
  std::vector<std::thread> workers;
  for (auto& mine : seen) workers.emplace_back([&] { mine = run(study); });
  for (auto& worker : workers) worker.join();
  std::multiset<ParamValues> all;
  for (const auto& mine : seen) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 9U);
  EXPECT_EQ(n_distinct(all), 9U);
}

}  // namespace
}  // namespace tune
