#include "tune/study.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "tune/error.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/samplers/none.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/in_memory.hpp"

namespace tune {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

StudyOptions random_study(Direction direction = Direction::kMinimize) {
  StudyOptions options;
  options.directions = {direction};
  options.sampler = std::make_shared<RandomSampler>();
  options.seed = 7;
  return options;
}

SearchSpace conditional_space() {
  SearchSpace space;
  space.add({"optimizer", CategoricalDistribution{{std::string("sgd"), std::string("adam")}}, {}});
  space.add({"momentum", FloatDistribution{0.0, 0.99}, {WhenOneOf{"optimizer", {std::string("sgd")}}}});
  space.add({"depth", IntDistribution{1, 3}, {}});
  space.add_repeated("width", IntDistribution{8, 64}, "depth");
  return space;
}

double parabola(Trial& trial) {
  const double x = trial.suggest_float("x", -10.0, 10.0);
  return (x - 2.0) * (x - 2.0);
}

TEST(Study, FindsTheMinimumOfAParabola) {
  StudyOptions options;
  options.seed = 1;
  Study study = create_study(std::move(options));
  study.optimize([](Trial& trial) -> std::optional<double> { return parabola(trial); }, 80);
  EXPECT_LT(study.best_trial().values.front(), 0.1);
  EXPECT_EQ(study.trials().size(), 80U);
}

TEST(Study, NumbersItsTrialsFromZeroWithoutGaps) {
  Study study = create_study(random_study());
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(study.ask().number().value, i);
}

TEST(Study, SuggestsTheSameValueWhenAskedTwice) {
  Study study = create_study(random_study());
  Trial trial = study.ask();
  const double x = trial.suggest_float("x", 0.0, 1.0);
  EXPECT_EQ(trial.suggest_float("x", 0.0, 1.0), x);
  EXPECT_THROW((void)trial.suggest_int("x", 0, 1), InvalidArgument);
}

TEST(Study, SuggestsTheSameTrialsForTheSameSeed) {
  const auto params = [](std::uint64_t seed) {
    StudyOptions options;
    options.seed = seed;
    options.space = conditional_space();
    Study study = create_study(std::move(options));
    std::vector<ParamValues> all;
    for (int i = 0; i < 30; ++i) {
      Trial trial = study.ask();
      all.push_back(trial.params());
      (void)study.tell(std::move(trial), static_cast<double>(all.back().size()));
    }
    return all;
  };
  EXPECT_EQ(params(3), params(3));
  EXPECT_NE(params(3), params(4));
}

TEST(Study, SuggestsOnlyTheParametersThatExist) {
  StudyOptions options = random_study();
  options.space = conditional_space();
  Study study = create_study(std::move(options));
  std::set<std::size_t> sizes;
  for (int i = 0; i < 50; ++i) {
    const ParamValues params = study.ask().params();
    const auto depth = static_cast<std::size_t>(std::get<std::int64_t>(params.at("depth")));
    const bool sgd = std::get<std::string>(params.at("optimizer")) == "sgd";
    EXPECT_EQ(params.contains("momentum"), sgd);
    EXPECT_EQ(params.size(), 2 + depth + (sgd ? 1 : 0));
    sizes.insert(params.size());
  }
  EXPECT_GT(sizes.size(), 1U);
}

TEST(Study, MakesATrialFailWhoseValueIsNaN) {
  Study study = create_study(random_study());
  const FrozenTrial told = study.tell(study.ask(), kNaN);
  EXPECT_EQ(told.state, TrialState::kFail);
  EXPECT_TRUE(told.values.empty());
  EXPECT_EQ(told.system_attrs.at(std::string(kReasonKey)), "\"the value told is NaN\"");
}

TEST(Study, KeepsInfiniteValues) {
  Study study = create_study(random_study());
  EXPECT_EQ(study.tell(study.ask(), kInf).state, TrialState::kComplete);
  EXPECT_EQ(study.trials().front().values.front(), kInf);
}

TEST(Study, MakesATrialFailThatToldTheWrongNumberOfValues) {
  Study study = create_study(random_study());
  EXPECT_EQ(study.tell(study.ask(), std::vector<double>{1.0, 2.0}).state, TrialState::kFail);
}

TEST(Study, GivesAPrunedTrialTheValueOfItsLastStep) {
  Study study = create_study(random_study());
  Trial finite = study.ask();
  finite.report(0.5, 1);
  finite.report(0.25, 2);
  EXPECT_EQ(study.tell(std::move(finite), TrialState::kPruned).values, std::vector<double>{0.25});
  Trial infinite = study.ask();
  infinite.report(kInf, 1);
  EXPECT_EQ(study.tell(std::move(infinite), TrialState::kPruned).values, std::vector<double>{kInf});
  Trial broken = study.ask();
  broken.report(0.5, 1);
  broken.report(kNaN, 2);
  EXPECT_TRUE(study.tell(std::move(broken), TrialState::kPruned).values.empty());
  EXPECT_TRUE(study.tell(study.ask(), TrialState::kPruned).values.empty());
}

TEST(Study, PrunesWithTheMedianByDefaultAndStoresItsFourNumbers) {
  StudyOptions options = random_study();
  options.pruner = nullptr;
  Study study = create_study(std::move(options));
  for (int i = 0; i < 5; ++i) {
    Trial trial = study.ask();
    trial.report(1.0, 3);
    EXPECT_FALSE(trial.should_prune());
    (void)study.tell(std::move(trial), 1.0);
  }
  Trial bad = study.ask();
  bad.report(2.0, 3);
  ASSERT_TRUE(bad.should_prune());
  const FrozenTrial pruned = study.tell(std::move(bad), TrialState::kPruned);
  EXPECT_EQ(pruned.system_attrs.at("tune:prune"), R"({"value": 2.0, "threshold": 1.0, "step": 3, "n": 5})");
}

TEST(Study, IgnoresASecondReportOfAStep) {
  Study study = create_study(random_study());
  Trial trial = study.ask();
  trial.report(0.5, 1);
  trial.report(0.1, 1);
  const FrozenTrial told = study.tell(std::move(trial), 0.0);
  ASSERT_EQ(told.intermediate.size(), 1U);
  EXPECT_EQ(study.trials().front().intermediate.front().value, 0.5);
}

TEST(Study, RunsEnqueuedTrialsFirstWithTheirParameters) {
  StudyOptions options = random_study();
  options.space = conditional_space();
  Study study = create_study(std::move(options));
  (void)study.enqueue_trials({{{"optimizer", std::string("sgd")}, {"momentum", 0.5}}});
  const Trial trial = study.ask();
  EXPECT_EQ(std::get<double>(trial.params().at("momentum")), 0.5);
  EXPECT_TRUE(trial.params().contains("depth"));
}

TEST(Study, RefusesToEnqueueWhatIsOutsideItsSpace) {
  StudyOptions options = random_study();
  options.space = conditional_space();
  Study study = create_study(std::move(options));
  EXPECT_THROW((void)study.enqueue_trials({{{"depth", std::int64_t{9}}}}), InvalidArgument);
  EXPECT_THROW((void)study.enqueue_trials({{{"lr", 0.1}}}), InvalidArgument);
  EXPECT_THROW((void)study.enqueue_trials({{{"optimizer", std::string("adagrad")}}}), InvalidArgument);
  EXPECT_TRUE(study.trials().empty());
}

TEST(Study, FailsAnEnqueuedTrialOfAnotherProgramThatItCannotTake) {
  StudyOptions options = random_study();
  options.storage = make_in_memory_storage();
  options.space = conditional_space();
  const auto storage = options.storage;
  Study study = create_study(std::move(options));
  NewTrial foreign;
  foreign.fixed_params = R"({"optimizer": "adagrad"})";
  (void)storage->enqueue(study.id(), std::vector<NewTrial>{foreign});
  const AskResult asked = study.ask_within(10);
  ASSERT_TRUE(asked.trial);
  EXPECT_NE(asked.error.find("optimizer"), std::string::npos);
}

TEST(Study, RepeatsEachConfigurationForEveryReplicate) {
  StudyOptions options = random_study();
  options.space = conditional_space();
  options.replicates = 3;
  options.points = {{{"depth", std::int64_t{2}}}};
  Study study = create_study(std::move(options));
  std::vector<ParamValues> params;
  for (std::int64_t i = 0; i < 9; ++i) {
    Trial trial = study.ask();
    EXPECT_EQ(trial.replicate(), i % 3);
    params.push_back(trial.params());
    (void)study.tell(std::move(trial), 1.0);
  }
  EXPECT_EQ(params[3], params[4]);
  EXPECT_EQ(params[3], params[5]);
  EXPECT_NE(params[3], params[6]);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(std::get<std::int64_t>(params[i].at("depth")), 2);
}

TEST(Study, CompletesAPartialPointTheSameWayForEveryReplicate) {
  StudyOptions options = random_study();
  options.space = conditional_space();
  options.replicates = 2;
  options.points = {{{"depth", std::int64_t{2}}}};
  Study study = create_study(std::move(options));
  const ParamValues first = study.ask().params();
  EXPECT_EQ(study.ask().params(), first);
}

TEST(Study, WaitsForTheParametersOfTheTrialItReplicates) {
  StudyOptions options = random_study();
  options.storage = make_in_memory_storage();
  options.space = conditional_space();
  options.replicates = 2;
  const auto storage = options.storage;
  Study study = create_study(std::move(options));
  const Reservation elsewhere = storage->reserve(study.id(), this_process());
  EXPECT_EQ(study.ask_within(10).status, ReserveStatus::kOthersRunning);
  const std::vector<Param> params = {{"depth", 3.0, IntDistribution{1, 3}}};
  storage->start(elsewhere.claim, params, {});
  const AskResult asked = study.ask_within(10);
  ASSERT_TRUE(asked.trial);
  EXPECT_EQ(asked.trial->replicate(), 1);
  EXPECT_EQ(std::get<std::int64_t>(asked.trial->params().at("depth")), 3);
}

TEST(Study, RefusesReplicatesWithoutADeclaredSpace) {
  StudyOptions options = random_study();
  options.replicates = 2;
  EXPECT_THROW((void)create_study(std::move(options)), InvalidArgument);
}

TEST(Study, EnqueuesEachListedPointOnce) {
  StudyOptions options = random_study();
  options.space = conditional_space();
  options.points = {{{"depth", std::int64_t{1}}}};
  Study study = create_study(options);
  const std::vector<ParamValues> longer = {
      {{"depth", std::int64_t{1}}}, {{"depth", std::int64_t{1}}}, {{"depth", std::int64_t{2}}}};
  study.enqueue_points(longer);
  study.enqueue_points(longer);
  EXPECT_EQ(study.trials().size(), 3U);
}

TEST(Study, PrunesByWhatAnotherProcessFinishedMeanwhile) {
  StudyOptions options = random_study();
  options.pruner = nullptr;
  options.storage = make_in_memory_storage();
  options.load_if_exists = true;
  Study here = create_study(options);
  Study elsewhere = create_study(options);
  Trial trial = here.ask();
  for (int i = 0; i < 5; ++i) {
    Trial other = elsewhere.ask();
    other.report(1.0, 3);
    (void)elsewhere.tell(std::move(other), 1.0);
  }
  trial.report(2.0, 3);
  EXPECT_TRUE(trial.should_prune());
}

TEST(Study, IsOpenedByEveryOneOfManyThatCreateItAtOnce) {
  const auto storage = make_in_memory_storage();
  std::atomic<int> opened{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      StudyOptions options = random_study();
      options.storage = storage;
      options.load_if_exists = true;
      const Study study = create_study(std::move(options));
      ++opened;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(opened, 8);
  EXPECT_EQ(storage->studies().size(), 1U);
}

TEST(Study, KeepsTheHandleWhenTheStorageRefusesTheResult) {
  StudyOptions options = random_study();
  options.storage = make_in_memory_storage();
  const auto storage = options.storage;
  Study study = create_study(std::move(options));
  Trial trial = study.ask();
  // Somebody who thinks this process dead takes the trial away.
  (void)storage->requeue_dead(study.id(), {[](const Holder&) { return true; }});
  EXPECT_THROW((void)study.tell(std::move(trial), 1.0), StaleClaim);
  study.refresh();
  EXPECT_EQ(study.count(TrialState::kWaiting), 1U) << "what others did to it counts";
  study.forget(std::move(trial));
  EXPECT_EQ(study.count(TrialState::kWaiting), 1U);
  EXPECT_EQ(study.tell(study.ask(), 1.0).number.value, 0);
}

TEST(Study, RefusesAttributesThatAreNotJson) {
  Study study = create_study(random_study());
  Trial trial = study.ask();
  EXPECT_THROW(trial.set_user_attr("note", "not json"), InvalidArgument);
  EXPECT_NO_THROW(trial.set_user_attr("loss", "[NaN, -Infinity]"));
  EXPECT_THROW(trial.set_user_attr("loss", "nan"), InvalidArgument);
  EXPECT_THROW(trial.set_system_attr("note", "NaN"), InvalidArgument);
  EXPECT_THROW(trial.set_constraints({kInf}), InvalidArgument);
  EXPECT_EQ(study.tell(std::move(trial), 1.0).state, TrialState::kComplete);
}

TEST(Study, ReturnsATrialAsItIsStored) {
  Study study = create_study(random_study());
  Trial trial = study.ask();
  trial.set_user_attr("note", "[1, 2]");
  const FrozenTrial told = study.tell(std::move(trial), 1.0);
  const FrozenTrial stored = study.trials().front();
  EXPECT_EQ(told.datetime_complete, stored.datetime_complete);
  EXPECT_EQ(told.datetime_start, stored.datetime_start);
  EXPECT_EQ(told.system_attrs, stored.system_attrs);
  EXPECT_EQ(told.user_attrs, stored.user_attrs);
}

TEST(Study, EndsWhenTheListedPointsAreTheWholeStudy) {
  StudyOptions options = random_study();
  options.sampler = std::make_shared<NoneSampler>();
  options.space = conditional_space();
  options.points = {{{"depth", std::int64_t{1}}}, {{"depth", std::int64_t{2}}}};
  Study study = create_study(std::move(options));
  for (int i = 0; i < 2; ++i) (void)study.tell(study.ask(), 1.0);
  const AskResult asked = study.ask_within(10);
  EXPECT_EQ(asked.status, ReserveStatus::kAllFinished);
  EXPECT_TRUE(asked.exhausted);
}

TEST(Study, NeverReservesMoreThanTheTrialsAskedFor) {
  Study study = create_study(random_study());
  AskResult first = study.ask_within(2);
  AskResult second = study.ask_within(2);
  EXPECT_EQ(study.ask_within(2).status, ReserveStatus::kOthersRunning);
  (void)study.tell(std::move(*first.trial), 1.0);
  (void)study.tell(std::move(*second.trial), 1.0);
  EXPECT_EQ(study.ask_within(2).status, ReserveStatus::kAllFinished);
}

TEST(Study, GivesARequeuedTrialBackWithItsParameters) {
  StudyOptions options = random_study();
  options.space = conditional_space();
  Study study = create_study(std::move(options));
  Trial trial = study.ask();
  trial.report(0.5, 1);
  const ParamValues params = trial.params();
  study.requeue(std::move(trial));
  EXPECT_EQ(study.count(TrialState::kWaiting), 1U);
  Trial again = study.ask();
  EXPECT_EQ(again.number().value, 0);
  EXPECT_EQ(again.params(), params);
  const FrozenTrial told = study.tell(std::move(again), 1.0);
  EXPECT_TRUE(told.intermediate.empty());
}

TEST(Study, ContinuesWhereAnotherObjectOnTheSameStorageStopped) {
  StudyOptions options = random_study();
  options.storage = make_in_memory_storage();
  const StudyOptions copy = options;
  Study first = create_study(options);
  (void)first.tell(first.ask(), 1.0);
  Study second = load_study(copy);
  EXPECT_EQ(second.count(TrialState::kComplete), 1U);
  (void)second.tell(second.ask(), 0.5);
  EXPECT_EQ(first.best_trial().number.value, 1);
}

TEST(Study, RefusesAStudyThatIsThereOrThatIsNot) {
  StudyOptions options = random_study();
  options.storage = make_in_memory_storage();
  EXPECT_THROW((void)load_study(options), StudyNotFound);
  (void)create_study(options);
  EXPECT_THROW((void)create_study(options), StudyExists);
  options.load_if_exists = true;
  EXPECT_NO_THROW((void)create_study(options));
  options.directions = {Direction::kMaximize};
  EXPECT_THROW((void)create_study(options), InvalidArgument);
}

TEST(Study, StoresAnExceptionAsTheReasonOfAFailure) {
  Study study = create_study(random_study());
  const auto broken = [](Trial&) -> std::optional<double> { throw std::runtime_error("no memory"); };
  EXPECT_THROW(study.optimize(broken, 5), std::runtime_error);
  study.optimize(broken, {.n_trials = 2, .catches = catching<std::runtime_error>()});
  EXPECT_EQ(study.count(TrialState::kFail), 3U);
  EXPECT_EQ(study.trials().front().system_attrs.at(std::string(kReasonKey)), "\"no memory\"");
}

TEST(Study, MakesATrialFailWhateverIsThrown) {
  Study study = create_study(random_study());
  study.optimize([](Trial&) -> std::optional<double> { throw 42; }, {.n_trials = 2, .catches = catching_all()});
  EXPECT_EQ(study.count(TrialState::kFail), 2U);
}

TEST(Study, OptimizesInSeveralThreadsWithoutLosingATrial) {
  Study study = create_study(random_study());
  study.optimize([](Trial& trial) -> std::optional<double> { return parabola(trial); }, 200, 4);
  const auto trials = study.trials();
  ASSERT_EQ(trials.size(), 200U);
  for (const auto& trial : trials) EXPECT_EQ(trial.state, TrialState::kComplete);
}

TEST(Study, KeepsConstraintsAndTellsTheBestFeasibleTrial) {
  Study study = create_study(random_study());
  Trial infeasible = study.ask();
  infeasible.set_constraints({0.5});
  (void)study.tell(std::move(infeasible), 0.0);
  Trial feasible = study.ask();
  feasible.set_constraints({-0.5});
  (void)study.tell(std::move(feasible), 1.0);
  EXPECT_EQ(study.best_trial().number.value, 1);
  EXPECT_EQ(study.trials().front().constraints(), std::vector<double>{0.5});
}

TEST(Study, RefusesReportsWithSeveralObjectives) {
  StudyOptions options = random_study();
  options.directions = {Direction::kMinimize, Direction::kMaximize};
  Study study = create_study(std::move(options));
  Trial trial = study.ask();
  EXPECT_THROW(trial.report(1.0, 1), InvalidArgument);
  EXPECT_THROW((void)trial.should_prune(), InvalidArgument);
  EXPECT_EQ(study.tell(std::move(trial), std::vector<double>{1.0, 2.0}).state, TrialState::kComplete);
  EXPECT_THROW((void)study.best_trial(), InvalidArgument);
}

}  // namespace
}  // namespace tune
