#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tune/analysis/explanation.hpp"
#include "tune/error.hpp"
#include "tune/history_cursor.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/samplers/gp_tpe.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

constexpr std::size_t kStartupTrials = 10;

/// Layers of 1 to 64 units, a width for each layer that there is, and a number that costs nothing.
SearchSpace layers() {
  SearchSpace space;
  space.add({"depth", IntDistribution{1, 3}, {}});
  space.add_repeated("width", IntDistribution{1, 64}, "depth");
  space.add({"lr", FloatDistribution{0.0, 1.0}, {}});
  return space;
}

/// So many parameters that TPE has the trials after the first ones.
SearchSpace many_layers() {
  SearchSpace space = layers();
  for (int i = 0; i < 8; ++i) space.add({"x" + std::to_string(i), FloatDistribution{0.0, 1.0}, {}});
  return space;
}

double units(const ParamValues& params) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < std::get<std::int64_t>(params.at("depth")); ++i) {
    sum += static_cast<double>(std::get<std::int64_t>(params.at("width_l" + std::to_string(i))));
  }
  return sum;
}

/// About one configuration of five.
bool is_small(const ParamValues& params) {
  return units(params) <= 24.0;
}

StudyOptions study_of(SearchSpace space, AffordableCheck is_affordable, std::size_t n_objectives = 1) {
  StudyOptions options;
  options.directions.assign(n_objectives, Direction::kMinimize);
  options.sampler = std::make_shared<const GpTpeSampler>(
      GpTpeOptions{.n_startup_trials = static_cast<std::int64_t>(kStartupTrials)});
  options.pruner = std::make_shared<const NopPruner>();
  options.storage = make_in_memory_storage();
  options.load_if_exists = true;
  options.space = std::move(space);
  options.seed = 5;
  options.is_affordable = std::move(is_affordable);
  return options;
}

/// The more units, the better: the best configurations are those that cost most. What costs too much is
/// rejected.
void run_trials_of(Study& study, int n) {
  for (int i = 0; i < n; ++i) {
    Trial trial = study.ask();
    if (!is_small(trial.params())) {
      trial.set_constraint("cost", units(trial.params()) / 24.0 - 1.0);
      study.tell(std::move(trial), TrialState::kPruned);
      continue;
    }
    const double loss = std::get<double>(trial.params().at("lr")) - 0.1 * units(trial.params());
    study.tell(std::move(trial), std::vector<double>(study.directions().size(), loss));
  }
}

std::vector<ParamValues> suggestions(const StudyOptions& options, int n) {
  Study study = Study::create(options);
  run_trials_of(study, n);
  std::vector<ParamValues> found;
  for (const FrozenTrial& trial : study.trials()) {
    ParamValues params;
    for (const Param& param : trial.params) params.emplace(param.name, param.external());
    found.push_back(std::move(params));
  }
  return found;
}

/// One study for each way in which the sampler suggests: learning from the first trials on, TPE after them,
/// TPE alone.
struct Way {
  SearchSpace space;
  std::size_t n_objectives = 1;
};

std::vector<Way> ways() {
  return {{layers()}, {many_layers()}, {layers(), 2}};
}

TEST(GpTpeSamplerWithCosts, SuggestsNothingThatWouldBeRejectedWhereItFindsAnythingElse) {
  for (const Way& way : ways()) {
    const auto unfiltered = suggestions(study_of(way.space, {}, way.n_objectives), 40);
    EXPECT_LT(std::count_if(unfiltered.begin(), unfiltered.end(), is_small), 30);
    for (const ParamValues& params : suggestions(study_of(way.space, is_small, way.n_objectives), 40)) {
      EXPECT_TRUE(is_small(params)) << units(params);
    }
  }
}

TEST(GpTpeSamplerWithCosts, LooksForTheBestOfWhatIsAffordable) {
  const auto found = suggestions(study_of(layers(), is_small), 40);
  const auto most = [&](auto begin, auto end) {
    double units_of_best = 0.0;
    for (auto one = begin; one != end; ++one) units_of_best = std::max(units_of_best, units(*one));
    return units_of_best;
  };
  EXPECT_EQ(most(found.begin(), found.end()), 24.0);
}

TEST(GpTpeSamplerWithCosts, SuggestsAsEverWhereEverythingIsAffordable) {
  for (const Way& way : ways()) {
    EXPECT_EQ(suggestions(study_of(
                              way.space, [](const ParamValues&) { return true; }, way.n_objectives),
                          25),
              suggestions(study_of(way.space, {}, way.n_objectives), 25));
  }
}

TEST(GpTpeSamplerWithCosts, SuggestsAllTheSameWhereNothingIsAffordable) {
  for (const Way& way : ways()) {
    std::size_t n_asked = 0;
    const auto refuse = [&](const ParamValues&) {
      ++n_asked;
      return false;
    };
    const auto found = suggestions(study_of(way.space, refuse, way.n_objectives), 15);
    EXPECT_EQ(found.size(), 15U);
    EXPECT_GT(n_asked, 15U * 40U);
    EXPECT_LT(n_asked, 15U * 400U);
  }
}

TEST(GpTpeSamplerWithCosts, GoesOnAsBeforeWhenItIsResumed) {
  for (const Way& way : ways()) {
    const StudyOptions options = study_of(way.space, is_small, way.n_objectives);
    const StudyOptions interrupted = study_of(way.space, is_small, way.n_objectives);
    for (const int n : {7, 11, 8}) (void)suggestions(interrupted, n);
    EXPECT_EQ(suggestions(interrupted, 4), suggestions(options, 30));
  }
}

TEST(GpTpeSamplerWithCosts, AsksOfWholeConfigurations) {
  for (const Way& way : ways()) {
    const auto is_whole = [&](const ParamValues& params) {
      std::size_t n_expected = 0;
      for (const ParameterDeclaration& one : way.space.parameters()) {
        n_expected += SearchSpace::is_active(one, params) ? 1U : 0U;
      }
      EXPECT_EQ(params.size(), n_expected);
      return is_small(params);
    };
    (void)suggestions(study_of(way.space, is_whole, way.n_objectives), 20);
  }
}

TEST(GpTpeSamplerWithCosts, LetsEnqueuedTrialsTakeTheirParameters) {
  Study study = Study::create(study_of(layers(), [](const ParamValues&) {
    ADD_FAILURE() << "asked";
    return false;
  }));
  const ParamValues large{{"depth", std::int64_t{1}}, {"width_l0", std::int64_t{64}}, {"lr", 0.5}};
  study.enqueue_trial(large);
  study.enqueue_trial({{"depth", std::int64_t{3}}});
  EXPECT_EQ(study.ask().params(), large);
  EXPECT_EQ(std::get<std::int64_t>(study.ask().params().at("depth")), 3);
}

TEST(GpTpeSamplerWithCosts, NeedsADeclaredSpace) {
  EXPECT_THROW((void)Study::create(study_of({}, is_small)), InvalidArgument);
}

TEST(GpTpeSamplerWithCosts, IsExplainedWithoutAskingAgain) {
  for (const Way& way : ways()) {
    StudyOptions options = study_of(way.space, is_small, way.n_objectives);
    Study study = Study::create(options);
    run_trials_of(study, 30);
    options.is_affordable = {};
    const auto trials = study.trials();
    std::uint64_t n_costly = 0;
    for (const FrozenTrial& trial : trials) {
      const Explanation explanation = explain_suggestion(options, trials, trial.number);
      EXPECT_TRUE(explanation.is_confirmed) << trial.number.value;
      EXPECT_FALSE(explanation.reasons.empty()) << trial.number.value;
      n_costly += explanation.n_costly;
    }
    EXPECT_GT(n_costly, 30U);
  }
}

TEST(GpTpeSamplerWithCosts, IsExplainedWhereTrialsAreDrawnAgainAsDuplicates) {
  SearchSpace space;
  space.add({"depth", IntDistribution{1, 1}, {}});
  space.add({"width_l0", IntDistribution{1, 30}, {}});
  space.add({"lr", IntDistribution{0, 1}, {}});
  StudyOptions options = study_of(space, is_small);
  Study study = Study::create(options);
  for (int i = 0; i < 60; ++i) study.tell(study.ask(), static_cast<double>(i % 7));
  options.is_affordable = {};
  const auto trials = study.trials();
  std::uint64_t n_redraws = 0;
  for (const FrozenTrial& trial : trials) {
    const Explanation explanation = explain_suggestion(options, trials, trial.number);
    EXPECT_TRUE(explanation.is_confirmed) << trial.number.value;
    n_redraws += explanation.n_redraws;
  }
  EXPECT_GT(n_redraws, 0U);
}

TEST(GpTpeSamplerWithCosts, TellsAPointOfTheSequenceFromOneThatWasDrawnInItsPlace) {
  StudyOptions options = study_of(layers(), is_small);
  Study study = Study::create(options);
  run_trials_of(study, static_cast<int>(kStartupTrials));
  const auto trials = study.trials();
  std::size_t n_drawn = 0;
  for (const FrozenTrial& trial : trials) {
    const Explanation explanation = explain_suggestion(options, trials, trial.number);
    const bool is_drawn = explanation.reasons.at(0).text.starts_with("drawn at random");
    EXPECT_EQ(is_drawn, explanation.n_costly > 0) << explanation.reasons.at(0).text;
    n_drawn += is_drawn ? 1U : 0U;
  }
  EXPECT_GT(n_drawn, 0U);
  EXPECT_LT(n_drawn, kStartupTrials);
}

TEST(GpTpeSamplerWithCosts, KeepsAFewBytesOfIt) {
  Study study = Study::create(study_of(layers(), is_small));
  run_trials_of(study, 40);
  for (const FrozenTrial& trial : study.trials()) {
    EXPECT_LE(trial.system_attrs.at(std::string(kSuggestionKey)).size(), 300U);
  }
}

}  // namespace
}  // namespace tune
