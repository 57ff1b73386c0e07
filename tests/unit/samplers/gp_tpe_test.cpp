#include "tune/samplers/gp_tpe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "support/trial_builder.hpp"
#include "tune/error.hpp"
#include "tune/samplers/qmc.hpp"
#include "tune/samplers/relative_params.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

using testing::make_history;
using testing::TrialBuilder;

const Distribution kUnit = FloatDistribution{0.0, 1.0, false, {}};
const SearchSpace kDefineByRun;

SearchSpace unit_square() {
  SearchSpace space;
  space.add({"x", kUnit, {}});
  space.add({"y", kUnit, {}});
  return space;
}

SamplingContext context_of(const History& history, const SearchSpace& declared = kDefineByRun) {
  return {.history = HistoryView(history),
          .number = TrialNumber{static_cast<std::int64_t>(history.size())},
          .seed = 1,
          .declared = declared};
}

/// Too little is known of it after 12 trials to be sure of anything.
double waves(double x, double y) {
  return std::sin(13.0 * x) * std::cos(11.0 * y);
}

double bowl(double x, double y) {
  return (x - 0.3) * (x - 0.3) + (y - 0.8) * (y - 0.8);
}

/// n trials all over the square; the bowl is lowest at (0.3, 0.8).
std::vector<TrialBuilder> bowl_trials(std::int64_t n, double (*loss)(double, double) = bowl) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = std::fmod(0.618034 * static_cast<double>(i), 1.0);
    const double y = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    trials.push_back(TrialBuilder(i).complete(loss(x, y)).param("x", x, kUnit).param("y", y, kUnit));
  }
  return trials;
}

TEST(GpTpeSampler, BeginsWithASobolSequence) {
  const SearchSpace space = unit_square();
  const History history = make_history(bowl_trials(4));
  const auto sample = GpTpeSampler().sample_relative(context_of(history, space));
  EXPECT_EQ(sample.params, QmcSampler({.scramble = true}).sample_relative(context_of(history, space)).params);
}

TEST(GpTpeSampler, GoesToTheBottomOfABowlAsSoonAsItMayLearn) {
  const SearchSpace space = unit_square();
  const History history = make_history(bowl_trials(12));
  for (const SearchSpace* declared : {&space, &kDefineByRun}) {
    const auto sample = GpTpeSampler().sample_relative(context_of(history, *declared));
    EXPECT_NEAR(sample.find("x")->value, 0.3, 0.1);
    EXPECT_NEAR(sample.find("y")->value, 0.8, 0.1);
  }
}

TEST(GpTpeSampler, KeepsAwayFromRunningTrials) {
  const SearchSpace space = unit_square();
  std::vector<TrialBuilder> trials = bowl_trials(12, waves);
  const RelativeSample alone = GpTpeSampler().sample_relative(context_of(make_history(trials), space));
  const double x = alone.find("x")->value;
  const double y = alone.find("y")->value;
  trials.push_back(TrialBuilder(12).state(TrialState::kRunning).param("x", x, kUnit).param("y", y, kUnit));
  const History history = make_history(trials);
  const RelativeSample beside = GpTpeSampler().sample_relative(context_of(history, space));
  EXPECT_GT(std::hypot(beside.find("x")->value - x, beside.find("y")->value - y), 0.02);
}

TEST(GpTpeSampler, SeesWhatARunningTrialOfADefineByRunStudyHasAnnounced) {
  const auto announced = [](double x) {
    std::vector<TrialBuilder> trials = bowl_trials(12);
    TrialBuilder running(12);
    running.state(TrialState::kRunning);
    for (const auto& [key, json] : samplers::relative_params_attributes({{"x", x}, {"y", 0.8}})) {
      running.system_attr(key, json);
    }
    trials.push_back(running);
    return GpTpeSampler().sample_relative(context_of(make_history(trials))).params;
  };
  EXPECT_NE(announced(0.3), announced(0.9));
}

TEST(GpTpeSampler, AnnouncesWhatItDecidedInADefineByRunStudyAlone) {
  const SearchSpace space = unit_square();
  const History history = make_history(bowl_trials(12));
  const auto decided = GpTpeSampler().sample_relative(context_of(history));
  const auto announced = samplers::relative_params(decided.system_attrs);
  EXPECT_EQ(announced.size(), 2U);
  EXPECT_EQ(std::get<double>(announced.at("x")), decided.find("x")->value);
  EXPECT_TRUE(GpTpeSampler().sample_relative(context_of(history, space)).system_attrs.empty());
}

TEST(GpTpeSampler, DecidesOnlyParametersThatExist) {
  SearchSpace space;
  space.add({"depth", IntDistribution{1, 3, false, 1}, {}});
  space.add_repeated("width", kUnit, "depth");
  StudyOptions options;
  options.sampler = std::make_shared<GpTpeSampler>();
  options.space = space;
  Study study = Study::create(std::move(options));
  for (int i = 0; i < 20; ++i) {
    Trial trial = study.ask();
    const ParamValues params = trial.params();
    EXPECT_EQ(params.size(), 1U + static_cast<std::size_t>(std::get<std::int64_t>(params.at("depth"))));
    study.tell(std::move(trial), std::get<double>(params.at("width_l0")));
  }
}

TEST(GpTpeSampler, RepeatsNoConfigurationWhileOthersAreFree) {
  SearchSpace space;
  space.add({"a", IntDistribution{0, 4, false, 1}, {}});
  space.add({"b", CategoricalDistribution{{true, false}}, {}});
  History history({Direction::kMinimize});
  std::set<std::pair<double, double>> seen;
  for (std::int64_t number = 0; number < 10; ++number) {
    double a = static_cast<double>(number % 5);
    double b = static_cast<double>(number / 5);
    if (number >= 4) {
      const GpTpeSampler sampler({.n_startup_trials = 4});
      const auto sample = sampler.sample_relative(context_of(history, space));
      a = sample.find("a")->value;
      b = sample.find("b")->value;
    }
    EXPECT_TRUE(seen.emplace(a, b).second) << a << ", " << b;
    history.apply(TrialBuilder(number)
                      .complete(a)
                      .param("a", a, space.parameters()[0].distribution)
                      .param("b", b, space.parameters()[1].distribution)
                      .build());
  }
  // All ten are taken: some of them again, rather than none.
  const auto again = GpTpeSampler({.n_startup_trials = 4}).sample_relative(context_of(history, space));
  EXPECT_EQ(again.params.size(), 2U);
}

TEST(GpTpeSampler, LeavesSeveralObjectivesToTpe) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 15; ++i) {
    const double x = static_cast<double>(i) / 15.0;
    trials.push_back(TrialBuilder(i).complete({x, 1.0 - x}).param("x", x, kUnit));
  }
  const History history = make_history(trials, {Direction::kMinimize, Direction::kMinimize});
  EXPECT_TRUE(GpTpeSampler().sample_relative(context_of(history)).params.empty());
  EXPECT_EQ(GpTpeSampler().sample_independent(context_of(history), "x", kUnit),
            TpeSampler().sample_independent(context_of(history), "x", kUnit));
}

TEST(GpTpeSampler, LeavesSpacesOfManyParametersToTpe) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 12; ++i) {
    TrialBuilder trial(i);
    trial.complete(static_cast<double>(i));
    for (int d = 0; d < 51; ++d) {
      trial.param("x" + std::to_string(d), static_cast<double>(i) / 12.0, kUnit);
    }
    trials.push_back(trial);
  }
  const History history = make_history(trials);
  EXPECT_EQ(GpTpeSampler().sample_relative(context_of(history)).params,
            TpeSampler().sample_relative(context_of(history)).params);
}

TEST(GpTpeSampler, LeavesTheFirstTrialsOfTwelveParametersToTpe) {
  std::vector<TrialBuilder> trials;
  const auto add_trial = [&](std::int64_t number) {
    TrialBuilder trial(number);
    trial.complete(std::fmod(0.618034 * static_cast<double>(number), 1.0));
    for (int d = 0; d < 12; ++d) {
      trial.param("x" + std::to_string(d), std::fmod(0.37 * static_cast<double>(number * (d + 1)), 1.0), kUnit);
    }
    trials.push_back(trial);
  };
  for (std::int64_t number = 0; number < 15; ++number) add_trial(number);
  const History fifteen = make_history(trials);
  EXPECT_EQ(GpTpeSampler().sample_relative(context_of(fifteen)).params,
            TpeSampler().sample_relative(context_of(fifteen)).params);
  add_trial(15);
  const History sixteen = make_history(trials);
  EXPECT_NE(GpTpeSampler().sample_relative(context_of(sixteen)).params,
            TpeSampler().sample_relative(context_of(sixteen)).params);
}

TEST(GpTpeSampler, RefusesANegativeNumberOfStartupTrials) {
  EXPECT_THROW(GpTpeSampler({.n_startup_trials = -1}), InvalidArgument);
}

TEST(GpTpeSampler, LearnsFromTheFirstTrialOnWhenThereAreNoStartupTrials) {
  const SearchSpace space = unit_square();
  const GpTpeSampler sampler({.n_startup_trials = 0});
  EXPECT_EQ(sampler.sample_relative(context_of(make_history({}), space)).params.size(), 2U);
  EXPECT_EQ(sampler.sample_relative(context_of(make_history(bowl_trials(1)), space)).params.size(), 2U);
}

}  // namespace
}  // namespace tune
