#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>

#include "tune/error.hpp"
#include "tune/samplers/grid.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const Distribution kUnit = FloatDistribution{0.0, 1.0};

StudyOptions random_study(std::size_t n_objectives = 1) {
  StudyOptions options;
  options.directions = std::vector<Direction>(n_objectives, Direction::kMinimize);
  options.sampler = std::make_shared<RandomSampler>();
  options.seed = 3;
  return options;
}

double identity(Trial& trial) {
  return trial.suggest_float("x", 0.0, 1.0);
}

FrozenTrial finished_trial(double x, double value) {
  return create_trial({.value = value, .params = {{"x", x}}, .distributions = {{"x", kUnit}}});
}

std::vector<std::int64_t> numbers(const std::vector<FrozenTrial>& trials) {
  std::vector<std::int64_t> all;
  for (const FrozenTrial& trial : trials) all.push_back(trial.number.value);
  return all;
}

TEST(Optimize, TakesAValueAListOfValuesOrNothing) {
  Study single = create_study(random_study());
  single.optimize(identity, 2);
  single.optimize([](Trial&) { return std::optional<double>{}; }, 1);
  single.optimize([](Trial&) { return 1; }, 1);
  EXPECT_EQ(single.count(TrialState::kComplete), 3U);
  EXPECT_EQ(single.count(TrialState::kPruned), 1U);
  Study several = create_study(random_study(2));
  several.optimize([](Trial& trial) { return std::vector<double>{identity(trial), 1.0}; }, 3);
  EXPECT_EQ(several.trials().back().values.size(), 2U);
}

TEST(Optimize, FailsATrialWhoseValuesAreTooMany) {
  Study study = create_study(random_study());
  study.optimize([](Trial&) { return std::vector<double>{1.0, 2.0}; }, 1);
  EXPECT_EQ(study.count(TrialState::kFail), 1U);
}

TEST(Optimize, WorksOnADeclaredSpaceToo) {
  StudyOptions options = random_study();
  options.space.add({"x", kUnit, {}});
  Study study = create_study(std::move(options));
  study.optimize([](Trial& trial) { return std::get<double>(trial.params().at("x")); }, 4);
  EXPECT_EQ(study.best_value(), std::get<double>(study.best_params().at("x")));
}

TEST(Optimize, CallsEachCallbackAfterEachTrialWithWhatIsStored) {
  Study study = create_study(random_study());
  std::vector<std::string> calls;
  const auto callback = [&](const char* name) {
    return [&calls, name](Study& given, const FrozenTrial& trial) {
      EXPECT_EQ(given.trials().back().values, trial.values);
      calls.push_back(name + std::to_string(trial.number.value));
    };
  };
  study.optimize(identity, {.n_trials = 2, .callbacks = {callback("a"), callback("b")}});
  EXPECT_EQ(calls, (std::vector<std::string>{"a0", "b0", "a1", "b1"}));
}

TEST(Optimize, CallsBackForAFailureThatIsCaughtButNotForOneThatIsThrown) {
  Study study = create_study(random_study());
  std::vector<TrialState> seen;
  const Callback note = [&](Study&, const FrozenTrial& trial) { seen.push_back(trial.state); };
  const auto broken = [](Trial&) -> double { throw std::domain_error("no"); };
  study.optimize(
      broken, {.n_trials = 1, .catches = catching<std::bad_alloc, std::domain_error>(), .callbacks = {note}});
  EXPECT_THROW(
      study.optimize(broken, {.n_trials = 5, .catches = catching<std::bad_alloc>(), .callbacks = {note}}),
      std::domain_error);
  EXPECT_EQ(seen, std::vector<TrialState>{TrialState::kFail});
  EXPECT_EQ(study.count(TrialState::kFail), 2U);
}

TEST(Optimize, EndsWithTheErrorOfACallback) {
  Study study = create_study(random_study());
  const Callback broken = [](Study&, const FrozenTrial&) { throw std::runtime_error("full"); };
  EXPECT_THROW(study.optimize(identity, {.n_trials = 5, .callbacks = {broken}}), std::runtime_error);
  EXPECT_EQ(study.count(TrialState::kComplete), 1U);
}

TEST(Optimize, StopsWhenTheObjectiveOrACallbackSaysSo) {
  Study study = create_study(random_study());
  study.optimize(
      [&](Trial& trial) {
        if (trial.number().value == 3) study.stop();
        return identity(trial);
      },
      {});
  EXPECT_EQ(study.trials().size(), 4U);
  const Callback stop = [](Study& given, const FrozenTrial&) { given.stop(); };
  study.optimize(identity, {.n_trials = 9, .callbacks = {stop}});
  EXPECT_EQ(study.trials().size(), 5U);
}

TEST(Optimize, StartsNoTrialAfterItsTime) {
  Study study = create_study(random_study());
  study.optimize(identity, {.n_trials = 9, .timeout = std::chrono::seconds(0)});
  EXPECT_TRUE(study.trials().empty());
  study.optimize(identity, {.n_trials = 9, .timeout = std::chrono::hours(24 * 365)});
  EXPECT_EQ(study.trials().size(), 9U);
}

TEST(Optimize, EndsWhenTheSamplerHasNoFurtherPoint) {
  StudyOptions options = random_study();
  options.sampler = std::make_shared<GridSampler>();
  options.space.add({"n", IntDistribution{1, 6}, {}});
  Study study = create_study(std::move(options));
  study.optimize([](Trial& trial) { return static_cast<double>(trial.number().value); }, {.n_jobs = 3});
  EXPECT_EQ(study.count(TrialState::kComplete), 6U);
}

TEST(Optimize, RunsTheTrialsOfAllThreadsOnce) {
  Study study = create_study(random_study());
  std::mutex mutex;
  std::set<std::int64_t> seen;
  const Callback note = [&](Study&, const FrozenTrial& trial) {
    const std::scoped_lock lock(mutex);
    seen.insert(trial.number.value);
  };
  study.optimize(identity, {.n_trials = 50, .n_jobs = 4, .callbacks = {note}});
  EXPECT_EQ(seen.size(), 50U);
  study.optimize(identity, {.n_trials = 10, .n_jobs = -1});
  EXPECT_EQ(study.trials().size(), 60U);
}

TEST(Optimize, RefusesNumbersThatMeanNothing) {
  Study study = create_study(random_study());
  EXPECT_THROW(study.optimize(identity, {.n_trials = 1, .n_jobs = 0}), InvalidArgument);
  EXPECT_THROW(study.optimize(identity, {.n_trials = 1, .n_jobs = -2}), InvalidArgument);
  EXPECT_THROW(study.optimize(identity, -1), InvalidArgument);
  EXPECT_NO_THROW(study.optimize(identity, 0));
}

TEST(Optimize, FailsAnEnqueuedTrialThatCannotBeTakenLikeOneThatThrows) {
  StudyOptions options = random_study();
  options.space.add({"x", kUnit, {}});
  Study study = create_study(std::move(options));
  (void)study.storage().enqueue(study.id(), std::vector<NewTrial>{{R"({"x": "text"})", {}, {}}});
  const auto objective = [](Trial&) { return 1.0; };
  study.optimize(objective, {.n_trials = 2, .catches = catching<InvalidArgument>()});
  EXPECT_EQ(study.count(TrialState::kFail), 1U);
  EXPECT_EQ(study.count(TrialState::kComplete), 1U);
}

TEST(AddTrial, MakesATrialOfElsewherePartOfTheStudy) {
  Study study = create_study(random_study());
  EXPECT_EQ(study.add_trial(finished_trial(0.25, -1.0)).value, 0);
  study.optimize(identity, 2);
  EXPECT_EQ(study.best_trial().number.value, 0);
  EXPECT_EQ(study.best_value(), -1.0);
  EXPECT_EQ(study.best_params(), (ParamValues{{"x", 0.25}}));
}

TEST(AddTrial, CopiesTheTrialsOfAnotherStudy) {
  Study from = create_study(random_study());
  from.optimize(identity, 5);
  Study to = create_study(random_study());
  to.optimize(identity, 1);
  EXPECT_EQ(to.add_trials(from.trials()).back().value, 5);
  EXPECT_EQ(to.trials().back().params, from.trials().back().params);
}

TEST(AddTrial, RunsATrialThatIsAddedAsWaiting) {
  Study study = create_study(random_study());
  (void)study.add_trial(create_trial({.state = TrialState::kWaiting, .user_attrs = {{"why", "\"by hand\""}}}));
  study.optimize(identity, 1);
  EXPECT_EQ(study.trials().size(), 1U);
  EXPECT_EQ(study.trials().front().user_attrs.at("why"), "\"by hand\"");
}

TEST(AddTrial, RefusesWhatIsNoFinishedTrialOfThisStudy) {
  Study study = create_study(random_study());
  EXPECT_THROW((void)study.add_trial(create_trial({.values = {1.0, 2.0}})), InvalidArgument);
  EXPECT_THROW((void)study.add_trial(create_trial({.state = TrialState::kRunning})), InvalidArgument);
  FrozenTrial outside = finished_trial(0.5, 1.0);
  outside.params.front().value = 1.5;
  EXPECT_THROW((void)study.add_trial(outside), InvalidArgument);
  (void)study.add_trial(finished_trial(0.5, 1.0));
  EXPECT_THROW(
      (void)study.add_trial(create_trial(
          {.value = 1.0, .params = {{"x", std::int64_t{1}}}, .distributions = {{"x", IntDistribution{0, 1}}}})),
      InvalidArgument);
  EXPECT_EQ(study.trials().size(), 1U);
}

TEST(CreateTrial, KeepsWhatItIsGiven) {
  const FrozenTrial trial = create_trial({.state = TrialState::kPruned,
                                          .value = 2.0,
                                          .params = {{"x", 0.5}},
                                          .distributions = {{"x", kUnit}},
                                          .user_attrs = {{"a", "1"}},
                                          .system_attrs = {{"b", "2"}},
                                          .intermediate_values = {{3, 2.0}, {1, 4.0}},
                                          .constraints = {{"size", 0.5}, {"heat", kInfinity}}});
  EXPECT_EQ(trial.last_intermediate()->step, 3);
  EXPECT_EQ(trial.constraints(), (std::vector<double>{kInfinity, 0.5}));
  EXPECT_EQ(trial.user_attrs.at("a"), "1");
  EXPECT_EQ(trial.system_attrs.at("b"), "2");
  EXPECT_TRUE(trial.datetime_complete.has_value());
  EXPECT_FALSE(create_trial({.state = TrialState::kWaiting}).datetime_start.has_value());
}

TEST(CreateTrial, RefusesWhatOptunaRefuses) {
  EXPECT_THROW((void)create_trial({}), InvalidArgument) << "COMPLETE without values";
  EXPECT_THROW((void)create_trial({.value = kNaN}), InvalidArgument);
  EXPECT_THROW((void)create_trial({.value = 1.0, .values = {1.0}}), InvalidArgument);
  EXPECT_THROW((void)create_trial({.state = TrialState::kFail, .value = 1.0}), InvalidArgument);
  EXPECT_THROW((void)create_trial({.value = 1.0, .params = {{"x", 0.5}}}), InvalidArgument);
  EXPECT_THROW((void)create_trial({.value = 1.0, .distributions = {{"x", kUnit}}}), InvalidArgument);
  EXPECT_THROW((void)finished_trial(1.5, 1.0), InvalidArgument);
  EXPECT_THROW((void)create_trial({.value = 1.0, .constraints = {{"c", kNaN}}}), InvalidArgument);
  EXPECT_NO_THROW((void)create_trial({.value = kInfinity}));
}

TEST(EnqueueTrial, RunsTheConfigurationWithItsAttributes) {
  Study study = create_study(random_study());
  EXPECT_EQ(study.enqueue_trial({{"x", 0.75}}, {.user_attrs = {{"memo", "\"best so far\""}}}).size(), 1U);
  study.optimize(
      [](Trial& trial) {
        EXPECT_EQ(trial.user_attrs().at("memo"), "\"best so far\"");
        return identity(trial);
      },
      1);
  EXPECT_EQ(study.best_value(), 0.75);
}

TEST(EnqueueTrial, LeavesOutWhatIsThereInAnyStateWhenAskedTo) {
  Study study = create_study(random_study());
  const EnqueueOptions once{.skip_if_exists = true};
  EXPECT_EQ(study.enqueue_trial({{"x", 0.5}}, once).size(), 1U);
  EXPECT_TRUE(study.enqueue_trial({{"x", 0.5}}, once).empty()) << "waiting";
  study.optimize(identity, 1);
  EXPECT_TRUE(study.enqueue_trial({{"x", 0.5 * (1 + 1e-6)}}, once).empty()) << "finished, and as good as equal";
  EXPECT_EQ(study.enqueue_trial({{"x", 0.5}}).size(), 1U) << "not asked to";
  EXPECT_EQ(study.enqueue_trial({{"x", 0.5 * (1 + 1e-4)}}, once).size(), 1U);
  EXPECT_EQ(study.enqueue_trial({{"x", 0.5}, {"y", 1.0}}, once).size(), 1U);
  EXPECT_EQ(study.enqueue_trial({{"x", std::string("0.5")}}, once).size(), 1U);
  (void)study.add_trial(finished_trial(0.125, 1.0));
  EXPECT_TRUE(study.enqueue_trial({{"x", 0.125}}, once).empty()) << "added";
  const auto numbers = study.enqueue_trials({{{"x", 0.25}}, {{"x", 0.5}}, {{"x", 0.25}}, {{"x", 0.75}}}, once);
  ASSERT_EQ(numbers.size(), 4U);
  EXPECT_TRUE(numbers[1].empty()) << "there before";
  EXPECT_TRUE(numbers[2].empty()) << "before in the list";
  EXPECT_EQ(numbers[3].front().value, numbers[0].front().value + 1);
}

TEST(EnqueueTrial, EnqueuesEveryReplicate) {
  StudyOptions options = random_study();
  options.space.add({"x", kUnit, {}});
  options.replicates = 3;
  Study study = create_study(std::move(options));
  EXPECT_EQ(study.enqueue_trial({{"x", 0.5}}).size(), 3U);
  EXPECT_THROW((void)study.enqueue_trial({{"x", 1.5}}), InvalidArgument);
  const std::size_t n_waiting = study.trials({TrialState::kWaiting}).size();
  EXPECT_THROW((void)study.enqueue_trials({{{"x", 0.25}}, {{"x", 1.5}}}), InvalidArgument);
  EXPECT_EQ(study.trials({TrialState::kWaiting}).size(), n_waiting) << "all or none";
}

TEST(EnqueueTrial, RefusesAttributesThatAreNotJson) {
  Study study = create_study(random_study());
  EXPECT_THROW((void)study.enqueue_trial({{"x", 0.5}}, {.user_attrs = {{"a", "{"}}}), InvalidArgument);
  EXPECT_TRUE(study.trials().empty());
}

TEST(TrialConstraint, DecidesByNameWhetherATrialIsFeasible) {
  Study study = create_study(random_study());
  study.optimize(
      [](Trial& trial) {
        trial.set_constraint("size", trial.number().value == 0 ? 0.5 : -0.5);
        trial.set_constraint("heat", -kInfinity);
        trial.set_constraint("heat", 9.0);
        EXPECT_THROW(trial.set_constraint("size", kNaN), InvalidArgument);
        return static_cast<double>(trial.number().value);
      },
      3);
  EXPECT_EQ(study.best_trial().number.value, 1);
  EXPECT_EQ(study.trials().front().constraints(), (std::vector<double>{-kInfinity, 0.5}));
  EXPECT_EQ(study.trials().front().system_attrs.at("constraints:size"), "0.5");
}

TEST(BestTrials, AreTheParetoFrontOfSeveralObjectives) {
  Study study = create_study(random_study(2));
  EXPECT_TRUE(study.best_trials().empty());
  for (const auto& values : {std::vector{1.0, 5.0}, std::vector{2.0, 6.0}, std::vector{0.0, 9.0}}) {
    (void)study.add_trial(create_trial({.values = values}));
  }
  (void)study.add_trial(create_trial({.values = {0.0, 0.0}, .constraints = {{"c", 1.0}}}));
  EXPECT_EQ(numbers(study.best_trials()), (std::vector<std::int64_t>{0, 2}));
  EXPECT_THROW((void)study.best_value(), InvalidArgument);
}

TEST(StudyTrials, AreChosenByState) {
  Study study = create_study(random_study());
  study.optimize(identity, 2);
  Trial pruned = study.ask();
  (void)study.tell(std::move(pruned), TrialState::kPruned);
  (void)study.enqueue_trial({{"x", 0.5}});
  EXPECT_EQ(numbers(study.trials({TrialState::kPruned, TrialState::kWaiting})),
            (std::vector<std::int64_t>{2, 3}));
  EXPECT_TRUE(study.trials({TrialState::kFail}).empty());
}

TEST(StudyAttributes, AreStoredAndSeenByWhoeverLoadsTheStudy) {
  StudyOptions options = random_study();
  options.storage = make_in_memory_storage();
  options.user_attrs = {{"author", "\"someone\""}};
  Study study = create_study(options);
  study.set_user_attr("data", "{\"images\": 60000}");
  study.set_system_attr("study:metric_names", "[\"loss\"]");
  const Study loaded = load_study(options);
  EXPECT_EQ(loaded.user_attrs(), (Attributes{{"author", "\"someone\""}, {"data", "{\"images\": 60000}"}}));
  EXPECT_EQ(loaded.system_attrs().at("study:metric_names"), "[\"loss\"]");
  EXPECT_THROW(study.set_user_attr("data", "no json"), InvalidArgument);
}

}  // namespace
}  // namespace tune
