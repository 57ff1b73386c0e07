#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "support/temporary_folder.hpp"
#include "tune/error.hpp"
#include "tune/nearest_configuration.hpp"
#include "tune/samplers/grid.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/tpe.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

/// Suggests the lowest number and the first choice, again and again.
class StubbornSampler final : public Sampler {
 public:
  [[nodiscard]] std::string_view name() const override { return "stubborn"; }
  [[nodiscard]] double sample_independent(const SamplingContext& /*context*/, std::string_view /*name*/,
                                          const Distribution& distribution) const override {
    return clamp_to_domain(distribution, 0.0);
  }
};

/// 4 + 4 · 3 = 16 configurations.
SearchSpace conditional_space() {
  SearchSpace space;
  space.add({"kind", CategoricalDistribution{{std::string("a"), std::string("b")}}, {}});
  space.add({"n", IntDistribution{2, 8, false, 2}, {}});
  space.add({"x", FloatDistribution{0.1, 0.3, false, 0.1}, {WhenOneOf{"kind", {std::string("b")}}}});
  return space;
}

template <typename SamplerType>
StudyOptions avoiding(SearchSpace space = conditional_space()) {
  StudyOptions options;
  options.sampler = std::make_shared<const SamplerType>();
  options.space = std::move(space);
  options.duplicates = Duplicates::kAvoid;
  options.load_if_exists = true;
  options.seed = 11;
  return options;
}

std::vector<ParamValues> run(Study& study, std::int64_t max_trials) {
  std::vector<ParamValues> seen;
  for (;;) {
    AskResult ask = study.ask_within(max_trials);
    if (ask.status != ReserveStatus::kReserved) return seen;
    seen.push_back(ask.trial->params());
    study.tell(std::move(*ask.trial), static_cast<double>(seen.size() % 5));
  }
}

/// Goes on while other threads may still put a trial back.
void run_to_the_end(Study& study) {
  for (;;) {
    AskResult ask = study.ask_within(std::nullopt);
    if (ask.status == ReserveStatus::kAllFinished) return;
    if (ask.trial) study.tell(std::move(*ask.trial), 1.0);
  }
}

Owner another_process() {
  Owner owner = this_process();
  ++owner.pid;
  return owner;
}

std::size_t n_distinct(const std::vector<ParamValues>& seen) {
  return std::set<ParamValues>(seen.begin(), seen.end()).size();
}

std::vector<std::int64_t> ints(const std::vector<ParamValues>& seen, const std::string& name) {
  std::vector<std::int64_t> values;
  for (const ParamValues& params : seen) values.push_back(std::get<std::int64_t>(params.at(name)));
  return values;
}

TEST(Duplicates, AreAllowedByDefaultAsInOptuna) {
  StudyOptions options = avoiding<TpeSampler>();
  options.duplicates.reset();
  Study study = create_study(std::move(options));
  EXPECT_LT(n_distinct(run(study, 40)), 40U);
}

TEST(Duplicates, DoNotOccurWhereTheyAreAvoidedUntilTheSpaceIsUsedUp) {
  for (auto options : {avoiding<TpeSampler>(), avoiding<RandomSampler>(), avoiding<StubbornSampler>()}) {
    SCOPED_TRACE(options.sampler->name());
    Study study = create_study(std::move(options));
    const auto seen = run(study, 1000);
    EXPECT_EQ(seen.size(), 16U);
    EXPECT_EQ(n_distinct(seen), 16U);
    const AskResult ask = study.ask_within(1000);
    EXPECT_TRUE(ask.exhausted);
    EXPECT_EQ(ask.n_possible, 16U);
    EXPECT_THROW((void)study.ask(), InvalidArgument);
  }
}

TEST(Duplicates, DoNotExhaustAStudyThatHasTheTrialsAskedFor) {
  for (auto options : {avoiding<RandomSampler>(), avoiding<GridSampler>()}) {
    Study study = create_study(std::move(options));
    EXPECT_EQ(run(study, 5).size(), 5U);
    EXPECT_FALSE(study.ask_within(5).exhausted);
    EXPECT_FALSE(study.ask_within(5).n_possible);
  }
}

TEST(Duplicates, OfFailedTrialsAreAvoidedToo) {
  SearchSpace space;
  space.add({"n", IntDistribution{1, 2}, {}});
  Study study = create_study(avoiding<StubbornSampler>(std::move(space)));
  Trial failing = study.ask();
  const auto first = failing.params();
  study.tell(std::move(failing), TrialState::kFail, "no luck");
  EXPECT_NE(study.ask().params(), first);
}

TEST(Duplicates, OfRunningTrialsAreAvoidedToo) {
  SearchSpace space;
  space.add({"n", IntDistribution{1, 3}, {}});
  Study study = create_study(avoiding<StubbornSampler>(std::move(space)));
  const Trial a = study.ask();
  const Trial b = study.ask();
  const Trial c = study.ask();
  EXPECT_EQ(n_distinct({a.params(), b.params(), c.params()}), 3U);
  EXPECT_EQ(study.ask_within(std::nullopt).status, ReserveStatus::kOthersRunning);
}

TEST(Duplicates, OfListedPointsThatWaitAreAvoidedToo) {
  SearchSpace space;
  space.add({"m", IntDistribution{1, 2}, {}});
  space.add({"n", IntDistribution{1, 2}, {}});
  StudyOptions options = avoiding<StubbornSampler>(std::move(space));
  const std::int64_t one = 1;
  options.points = {{{"m", one}}, {{"m", one}, {"n", one}}};
  Study study = create_study(std::move(options));
  const Trial partial = study.ask();
  EXPECT_EQ(partial.params(), (ParamValues{{"m", one}, {"n", std::int64_t{2}}}));
  EXPECT_EQ(study.ask().params(), (ParamValues{{"m", one}, {"n", one}}));
}

TEST(Duplicates, OfListedPointsThatNeedNotSayEverythingAreAvoidedToo) {
  const ParamValue one = std::int64_t{1};
  const ParamValue sgd = std::string("sgd");
  SearchSpace space;
  space.add({"opt", CategoricalDistribution{{std::string("sgd"), std::string("adam")}}, {}});
  space.add({"n", IntDistribution{1, 2}, {}});
  space.add({"beta", IntDistribution{1, 2}, {WhenOneOf{"opt", {std::string("adam")}}}});
  space.add({"fixed", IntDistribution{7, 7}, {}});
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    StudyOptions options = avoiding<RandomSampler>(space);
    options.seed = seed;
    options.points = {{{"opt", sgd}}, {{"opt", sgd}, {"n", one}, {"beta", one}}};
    Study study = create_study(std::move(options));
    const Trial partial = study.ask();
    EXPECT_NE(partial.params(), study.ask().params()) << seed;
  }
}

TEST(Duplicates, AreTakenAsTheyAreWhenEnqueued) {
  StudyOptions options = avoiding<RandomSampler>();
  const ParamValues point = {{"kind", std::string("a")}, {"n", std::int64_t{4}}};
  options.points = {point, point};
  Study study = create_study(std::move(options));
  const auto seen = run(study, 1000);
  ASSERT_EQ(seen.size(), 17U);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(n_distinct(seen), 16U);
}

TEST(Duplicates, LeaveTheForcedPartOfAnEnqueuedConfigurationAlone) {
  StudyOptions options = avoiding<StubbornSampler>();
  options.points = {{{"n", std::int64_t{6}}}, {{"n", std::int64_t{6}}}, {{"n", std::int64_t{6}}}};
  Study study = create_study(std::move(options));
  const auto seen = run(study, 3);
  EXPECT_EQ(ints(seen, "n"), (std::vector<std::int64_t>{6, 6, 6}));
  EXPECT_EQ(n_distinct(seen), 3U);
}

TEST(Duplicates, AreReplacedByTheNearestFreeConfiguration) {
  SearchSpace space;
  space.add({"n", IntDistribution{-3, 3}, {}});
  Study study = create_study(avoiding<StubbornSampler>(std::move(space)));
  EXPECT_EQ(ints(run(study, 7), "n"), (std::vector<std::int64_t>{0, 1, -1, 2, -2, 3, -3}));
}

TEST(Duplicates, OfContinuousParametersMoveByAVisibleStep) {
  SearchSpace space;
  space.add({"x", FloatDistribution{0.0, 10.0}, {}});
  Study study = create_study(avoiding<StubbornSampler>(std::move(space)));
  const auto seen = run(study, 3);
  EXPECT_EQ(seen[0].at("x"), ParamValue(0.0));
  EXPECT_NEAR(std::get<double>(seen[1].at("x")), 0.01, 1e-12);
  EXPECT_NEAR(std::get<double>(seen[2].at("x")), 0.02, 1e-12);
}

TEST(Duplicates, AreComparedAmongTheSameReplicates) {
  StudyOptions options = avoiding<RandomSampler>();
  options.replicates = 3;
  Study study = create_study(std::move(options));
  const auto seen = run(study, 1000);
  ASSERT_EQ(seen.size(), 48U);
  EXPECT_EQ(n_distinct(seen), 16U);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], seen[i - i % 3]) << i;
}

TEST(Duplicates, AreAvoidedBetweenThreads) {
  Study study = create_study(avoiding<RandomSampler>());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { run_to_the_end(study); });
  for (auto& thread : threads) thread.join();
  std::vector<ParamValues> seen;
  for (const FrozenTrial& trial : study.trials()) {
    ParamValues values;
    for (const Param& param : trial.params) values.emplace(param.name, param.external());
    seen.push_back(std::move(values));
  }
  EXPECT_EQ(seen.size(), 16U);
  EXPECT_EQ(n_distinct(seen), 16U);
}

TEST(Duplicates, WaitForATrialThatAnotherProcessIsGivingItsParameters) {
  SearchSpace space;
  space.add({"n", IntDistribution{1, 3}, {}});
  StudyOptions options = avoiding<StubbornSampler>(std::move(space));
  options.storage = make_in_memory_storage();
  Study study = create_study(options);
  const Reservation open = options.storage->reserve(study.id(), another_process());
  EXPECT_EQ(study.ask_within(std::nullopt).status, ReserveStatus::kOthersRunning);
  const Param first{"n", 1.0, IntDistribution{1, 3}};
  options.storage->start(open.claim, {&first, 1}, {});
  EXPECT_EQ(study.ask().params(), (ParamValues{{"n", std::int64_t{2}}}));
}

TEST(Duplicates, DoNotMakeAStudyWaitForAProcessThatWasStopped) {
  StudyOptions options = avoiding<RandomSampler>();
  options.storage = make_in_memory_storage();
  Study study = create_study(options);
  (void)options.storage->reserve(study.id(), another_process());
  AskResult ask = study.ask_within(std::nullopt);
  while (ask.status == ReserveStatus::kOthersRunning) {
    std::this_thread::yield();
    ask = study.ask_within(std::nullopt);
  }
  EXPECT_EQ(ask.status, ReserveStatus::kReserved);
}

TEST(Duplicates, AreAvoidedBetweenStudiesThatShareAFile) {
  const testing::TemporaryFolder folder;
  StudyOptions one = avoiding<StubbornSampler>();
  one.storage = open_sqlite_storage(folder / "study.db");
  StudyOptions two = avoiding<StubbornSampler>();
  two.storage = open_sqlite_storage(folder / "study.db");
  Study a = create_study(std::move(one));
  Study b = create_study(std::move(two));
  std::vector<ParamValues> seen;
  for (std::int64_t n = 1; n <= 16; ++n) {
    const auto next = run(n % 2 == 0 ? a : b, n);
    seen.insert(seen.end(), next.begin(), next.end());
  }
  EXPECT_EQ(n_distinct(seen), 16U);
  EXPECT_TRUE(a.ask_within(1000).exhausted);
  EXPECT_TRUE(b.ask_within(1000).exhausted);
}

TEST(Duplicates, AreAvoidedInTheSameWayForTheSameSeed) {
  Study a = create_study(avoiding<TpeSampler>());
  Study b = create_study(avoiding<TpeSampler>());
  EXPECT_EQ(run(a, 16), run(b, 16));
}

TEST(Duplicates, CannotBeAvoidedInASpaceThatIsNotDeclared) {
  EXPECT_THROW((void)create_study(avoiding<RandomSampler>({})), InvalidArgument);
}

TEST(NearestConfiguration, TakesTheParameterThatMovesLeast) {
  SearchSpace space;
  space.add({"coarse", IntDistribution{0, 2}, {}});
  space.add({"fine", IntDistribution{0, 100}, {}});
  Configuration start;
  start.add({"coarse", 1.0, IntDistribution{0, 2}});
  start.add({"fine", 50.0, IntDistribution{0, 100}});
  const auto found = nearest_configuration(
      {space, start, {}, {}, [&](const Configuration& candidate) { return candidate.values != start.values; }});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->values, (ParamValues{{"coarse", std::int64_t{1}}, {"fine", std::int64_t{51}}}));
}

TEST(NearestConfiguration, AsksAboutEveryConfigurationOnceByDistance) {
  const SearchSpace space = conditional_space();
  Configuration start;
  start.add({"kind", 0.0, space.find("kind")->distribution});
  start.add({"n", 4.0, space.find("n")->distribution});
  std::vector<ParamValues> asked;
  const auto found = nearest_configuration({space,
                                            start,
                                            {},
                                            [](std::string_view, const Distribution&) { return 0.2; },
                                            [&](const Configuration& candidate) {
                                              asked.push_back(candidate.values);
                                              return false;
                                            }});
  EXPECT_FALSE(found);
  EXPECT_EQ(asked.size(), 16U);
  EXPECT_EQ(n_distinct(asked), 16U);
  EXPECT_EQ(asked.front(), start.values);
  EXPECT_EQ(ints({asked.begin(), asked.begin() + 4}, "n"), (std::vector<std::int64_t>{4, 6, 2, 8}));
  for (std::size_t i = 4; i < asked.size(); ++i)
    EXPECT_EQ(asked[i].at("kind"), ParamValue(std::string("b"))) << i;
}

}  // namespace
}  // namespace tune
