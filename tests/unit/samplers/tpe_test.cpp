#include "tune/samplers/tpe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "support/trial_builder.hpp"
#include "tune/error.hpp"
#include "tune/samplers/group_space.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/relative_params.hpp"
#include "tune/samplers/relative_space.hpp"
#include "tune/samplers/tpe_steps.hpp"
#include "tune/samplers/trial_split.hpp"

namespace tune {
namespace {

using testing::TrialBuilder;

const Distribution kUnit = FloatDistribution{0.0, 1.0, false, {}};
const SearchSpace kDefineByRun;

SamplingContext context_of(const History& history, std::uint64_t seed = 1) {
  return {.history = HistoryView(history),
          .number = TrialNumber{static_cast<std::int64_t>(history.size())},
          .seed = seed,
          .declared = kDefineByRun};
}

/// n COMPLETE trials of x and y with the loss at x = 0.3 smallest.
std::vector<TrialBuilder> parabola(std::int64_t n) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < n; ++i) {
    const double x = static_cast<double>(i) / static_cast<double>(n);
    trials.push_back(
        TrialBuilder(i).complete((x - 0.3) * (x - 0.3)).param("x", x, kUnit).param("y", 1.0 - x, kUnit));
  }
  return trials;
}

std::vector<std::string> names(const RelativeSample& sample) {
  std::vector<std::string> result;
  for (const Param& param : sample.params) {
    result.push_back(param.name);
  }
  return result;
}

TEST(TpeSampler, IsRandomDuringItsStartupTrials) {
  const TpeSampler sampler;
  const History nine = testing::make_history(parabola(9));
  EXPECT_TRUE(sampler.sample_relative(context_of(nine)).params.empty());
  EXPECT_EQ(sampler.sample_independent(context_of(nine), "x", kUnit),
            RandomSampler().sample_independent(context_of(nine), "x", kUnit));
  const History ten = testing::make_history(parabola(10));
  EXPECT_EQ(names(sampler.sample_relative(context_of(ten))), (std::vector<std::string>{"x", "y"}));
}

TEST(TpeSampler, CountsPrunedButNotFailedTrialsAsStartupTrials) {
  auto trials = parabola(9);
  const auto last = TrialBuilder(9).param("x", 0.5, kUnit).param("y", 0.5, kUnit);
  trials.push_back(TrialBuilder(last).state(TrialState::kFail));
  EXPECT_TRUE(TpeSampler().sample_relative(context_of(testing::make_history(trials))).params.empty());
  trials.back() = TrialBuilder(last).state(TrialState::kPruned);
  EXPECT_FALSE(TpeSampler().sample_relative(context_of(testing::make_history(trials))).params.empty());
}

TEST(TpeSampler, SuggestsTogetherWhatAllTrialsHaveInCommon) {
  auto trials = parabola(10);
  trials.push_back(TrialBuilder(10).complete(1.0).param("x", 0.5, kUnit));
  EXPECT_EQ(names(TpeSampler().sample_relative(context_of(testing::make_history(trials)))),
            (std::vector<std::string>{"x"}));
}

TEST(TpeSampler, LeavesOutAParameterWhoseRangeChanged) {
  auto trials = parabola(10);
  trials.push_back(TrialBuilder(10)
                       .complete(1.0)
                       .param("x", 0.5, FloatDistribution{0.0, 2.0, false, {}})
                       .param("y", 0.5, kUnit));
  EXPECT_EQ(names(TpeSampler().sample_relative(context_of(testing::make_history(trials)))),
            (std::vector<std::string>{"y"}));
}

TEST(TpeSampler, IgnoresFailedTrialsInTheCommonSpace) {
  auto trials = parabola(10);
  trials.push_back(TrialBuilder(10).state(TrialState::kFail));
  EXPECT_EQ(TpeSampler().sample_relative(context_of(testing::make_history(trials))).params.size(), 2U);
}

TEST(TpeSampler, LeavesOutAParameterWithOneValue) {
  std::vector<TrialBuilder> trials = parabola(10);
  for (TrialBuilder& trial : trials) {
    trial.param("z", 2.0, FloatDistribution{2.0, 2.0, false, {}});
  }
  EXPECT_EQ(TpeSampler().sample_relative(context_of(testing::make_history(trials))).find("z"), nullptr);
}

TEST(TpeSampler, SuggestsEachParameterAloneForSeveralObjectives) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 12; ++i) {
    const double x = static_cast<double>(i) / 12.0;
    trials.push_back(TrialBuilder(i).complete({x, 1.0 - x}).param("x", x, kUnit));
  }
  const History history = testing::make_history(trials, {Direction::kMinimize, Direction::kMinimize});
  EXPECT_TRUE(TpeSampler().sample_relative(context_of(history)).params.empty());
  EXPECT_FALSE(TpeSampler({.multivariate = true}).sample_relative(context_of(history)).params.empty());
  EXPECT_TRUE(contains(kUnit, TpeSampler().sample_independent(context_of(history), "x", kUnit)));
}

/// n trials of `branch` (a or b), `x` with a, `y` and `z` with b; the loss is smallest at a and x = 0.3.
std::vector<TrialBuilder> two_branches(std::int64_t n) {
  const Distribution branch = CategoricalDistribution{{std::string("a"), std::string("b")}};
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < n; ++i) {
    const double v = static_cast<double>(i) / static_cast<double>(n);
    TrialBuilder trial(i);
    trial.complete((i % 2 == 0 ? 0.0 : 0.01) + (v - 0.3) * (v - 0.3));
    trial.param("branch", static_cast<double>(i % 2), branch);
    if (i % 2 == 0) {
      trial.param("x", v, kUnit);
    } else {
      trial.param("z", v, kUnit).param("y", 1.0 - v, kUnit);
    }
    trials.push_back(trial);
  }
  return trials;
}

TEST(TpeSampler, SuggestsConditionalParametersTogetherWhenAskedForGroups) {
  const History history = testing::make_history(two_branches(40));
  EXPECT_EQ(names(TpeSampler().sample_relative(context_of(history))), (std::vector<std::string>{"branch"}));
  const RelativeSample sample = TpeSampler({.group = true}).sample_relative(context_of(history));
  EXPECT_EQ(names(sample), (std::vector<std::string>{"branch", "x", "y", "z"}));
  EXPECT_EQ(samplers::relative_params(sample.system_attrs).size(), 4U);
}

TEST(TpeSampler, LearnsAGroupFromTheTrialsThatHaveIt) {
  const History history = testing::make_history(two_branches(80));
  int near_optimum = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto sample = TpeSampler({.group = true}).sample_relative(context_of(history, seed));
    near_optimum += std::abs(sample.find("x")->value - 0.3) < 0.15 ? 1 : 0;
  }
  EXPECT_GT(near_optimum, 32);
}

TEST(TpeSampler, IsMultivariateWithGroupsForSeveralObjectivesToo) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 12; ++i) {
    trials.push_back(TrialBuilder(i).complete({1.0, static_cast<double>(i)}).param("x", 0.5, kUnit));
  }
  const History history = testing::make_history(trials, {Direction::kMinimize, Direction::kMinimize});
  EXPECT_EQ(TpeSampler({.group = true}).sample_relative(context_of(history)).params.size(), 1U);
}

TEST(TpeSampler, RefusesGroupsWithoutMultivariate) {
  EXPECT_THROW(TpeSampler({.multivariate = false, .group = true}), InvalidArgument);
  EXPECT_NO_THROW(TpeSampler({.multivariate = false}));
}

TEST(GroupSpace, LeavesOutParametersWithOneValueAndGroupsOfThemAlone) {
  const Distribution single = IntDistribution{4, 4, false, 1};
  const History history = testing::make_history({TrialBuilder(0).complete(1.0).param("x", 0.5, kUnit),
                                                 TrialBuilder(1).complete(1.0).param("one", 4.0, single)});
  const auto groups = samplers::group_decomposed_space(HistoryView(history), {0, 1});
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0][0].column->name, "x");
}

TEST(TpeSampler, SearchesWhereTheGoodTrialsAre) {
  const History history = testing::make_history(parabola(60));
  const TpeSampler sampler;
  int near_optimum = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const double x = sampler.sample_relative(context_of(history, seed)).find("x")->value;
    near_optimum += std::abs(x - 0.3) < 0.15 ? 1 : 0;
  }
  EXPECT_GT(near_optimum, 32);
}

TEST(TpeSampler, TakesTheHighestScoreAndTheFirstOnTies) {
  EXPECT_EQ(samplers::first_best(std::vector<double>{1.0, 3.0, 3.0, 2.0}), 1U);
  EXPECT_EQ(samplers::first_best(std::vector<double>{std::nan(""), -1.0, std::nan("")}), 1U);
}

TEST(TpeSampler, CountsRunningTrialsAsBadOnes) {
  auto trials = parabola(20);
  trials.push_back(TrialBuilder(20).param("x", 0.3, kUnit).param("y", 0.7, kUnit));
  const History history = testing::make_history(trials);
  const auto split = samplers::split_trials(HistoryView(history), {0, 1, 6, 20}, 3);
  EXPECT_EQ(split.above, (std::vector<std::size_t>{20}));
  const auto with = TpeSampler().sample_relative(context_of(history)).params;
  const auto without = TpeSampler({.constant_liar = false}).sample_relative(context_of(history)).params;
  EXPECT_NE(with, without);
}

TEST(TpeSampler, DoesNotLearnFromTheTrialThatAsks) {
  auto trials = parabola(20);
  const History before = testing::make_history(trials);
  const double expected = TpeSampler().sample_independent(context_of(before), "x", kUnit);
  trials.push_back(TrialBuilder(20).param("x", 0.3, kUnit));
  const History history = testing::make_history(trials);
  SamplingContext context = context_of(history);
  context.number = TrialNumber{20};
  EXPECT_EQ(TpeSampler().sample_independent(context, "x", kUnit), expected);
}

TEST(TpeSampler, TreatsResultsAboveTheWindowAsPending) {
  auto trials = parabola(20);
  trials.push_back(TrialBuilder(20).complete(-9.0).param("x", 0.9, kUnit).param("y", 0.1, kUnit));
  const History seen = testing::make_history(trials);
  trials.back() = TrialBuilder(20).complete(9.0).param("x", 0.9, kUnit).param("y", 0.1, kUnit);
  const History other = testing::make_history(trials);
  const auto suggest = [](const History& history, std::size_t results_below) {
    SamplingContext context = context_of(history);
    context.history = HistoryView(history, results_below);
    return TpeSampler().sample_relative(context).params;
  };
  EXPECT_EQ(suggest(seen, 20), suggest(other, 20));
  EXPECT_NE(suggest(seen, 21), suggest(other, 21));
}

TEST(TpeSampler, TellsOtherWorkersWhatADefineByRunTrialWillTake) {
  const RelativeSample sample = TpeSampler().sample_relative(context_of(testing::make_history(parabola(12))));
  const ParamValues announced = samplers::relative_params(sample.system_attrs);
  ASSERT_EQ(announced.size(), 2U);
  EXPECT_EQ(std::get<double>(announced.at("x")), sample.find("x")->value);
  SearchSpace declared;
  declared.add({"x", kUnit, {}});
  const History history = testing::make_history(parabola(12));
  const SamplingContext context{HistoryView(history), TrialNumber{12}, 1, declared};
  EXPECT_TRUE(TpeSampler().sample_relative(context).system_attrs.empty());
}

TEST(TpeSampler, LearnsFromWhatOptunaAnnouncedForARunningTrial) {
  const Distribution choice = CategoricalDistribution{{std::string("a"), std::string("b")}};
  const History history =
      testing::make_history({TrialBuilder(0)
                                 .param("x", 0.25, kUnit)
                                 .system_attr("tpe:relative_params:0", R"("{\"x\": 0.75, \"c\"")")
                                 .system_attr("tpe:relative_params:1", R"(": \"b\"}")"),
                             TrialBuilder(1).param("x", 0.5, kUnit)});
  const std::vector<samplers::TpeParameter> space{{"x", &kUnit, history.column("x")}, {"c", &choice, nullptr}};
  const auto observed = samplers::gather_observations(HistoryView(history), space, {0, 1}, true);
  EXPECT_EQ(observed[0], (std::vector<double>{0.25})) << "what was suggested counts before what was announced";
  EXPECT_EQ(observed[1], (std::vector<double>{1.0}));
  EXPECT_TRUE(samplers::gather_observations(HistoryView(history), space, {0, 1}, false)[0].empty());
}

TEST(TpeSampler, OrdersTheValuesOfTrialsOfWhichSomeHaveOnlyAnnouncedThem) {
  std::vector<TrialBuilder> trials = parabola(12);
  TrialBuilder running(12);
  running.state(TrialState::kRunning);
  for (const auto& [key, json] : samplers::relative_params_attributes({{"x", 0.4321}, {"y", 0.1234}})) {
    running.system_attr(key, json);
  }
  trials.push_back(running);
  const History history = testing::make_history(trials);
  const std::vector<samplers::TpeParameter> space{{"x", &kUnit, history.column("x")},
                                                  {"y", &kUnit, history.column("y")}};
  const std::vector<std::size_t> numbers{0, 2, 5, 7, 8, 11, 12};
  const auto observed = samplers::observe(HistoryView(history), space, numbers, true);
  ASSERT_EQ(observed.size, numbers.size());
  for (std::size_t d = 0; d < space.size(); ++d) {
    std::vector<double> values;
    observed.read(d, values);
    EXPECT_EQ(values.back(), d == 0 ? 0.4321 : 0.1234);
    std::vector<double> sorted;
    for (const std::uint32_t position : observed.order_of(d)) sorted.push_back(values.at(position));
    std::sort(values.begin(), values.end());
    EXPECT_EQ(sorted, values);
  }
}

TEST(RelativeParams, SurviveBeingCutIntoPieces) {
  ParamValues params;
  for (int i = 0; i < 200; ++i) {
    params.emplace("parameter with a \"long\" name " + std::to_string(i), std::string(i % 7 + 20, 'v'));
  }
  const Attributes attributes = samplers::relative_params_attributes(params);
  EXPECT_GT(attributes.size(), 3U);
  EXPECT_EQ(samplers::relative_params(attributes), params);
  Attributes unfinished = attributes;
  unfinished.erase("tpe:relative_params:1");
  EXPECT_TRUE(samplers::relative_params(unfinished).empty());
}

TEST(TpeSampler, GivesTheGoodTrialsOfSeveralObjectivesEqualWeights) {
  std::vector<TrialBuilder> trials;
  std::vector<std::size_t> numbers;
  for (std::int64_t i = 0; i < 400; ++i) {
    const double x = std::fmod(static_cast<double>(i) * 0.618, 1.0);
    trials.push_back(TrialBuilder(i).complete({x, x * x - x}).param("x", x, kUnit));
    numbers.push_back(static_cast<std::size_t>(i));
  }
  const History history = testing::make_history(trials, {Direction::kMinimize, Direction::kMinimize});
  const SamplingContext context = context_of(history);
  const auto split = samplers::split_trials(context.history, numbers, samplers::default_gamma(400, 2));
  const std::vector<samplers::TpeParameter> space{{"x", &kUnit, history.column("x")}};
  const std::vector<const Distribution*> distributions{&kUnit};
  const auto observed = [&](const std::vector<std::size_t>& side) {
    return samplers::gather_observations(context.history, space, side, false);
  };
  const samplers::ParzenEstimator below(distributions, observed(split.below), {},
                                        std::vector<double>(split.below.size(), 1.0));
  const samplers::ParzenEstimator above(distributions, observed(split.above));
  RandomStream stream = context.independent_stream("x");
  const auto candidates = below.draw(stream, 24);
  const std::size_t best =
      samplers::first_best(samplers::acquisition(below.density(), above.density(), candidates));
  EXPECT_EQ(TpeSampler().sample_independent(context, "x", kUnit), candidates[0][best]);
}

/// log Σ_k w_k Π_d φ((x_d − μ_kd)/σ_kd)/σ_kd, each of its mass between −5 and 5, kernel by kernel.
double density_by_hand(const samplers::ParzenEstimator& estimator, const std::vector<double>& x) {
  std::vector<double> terms;
  for (std::size_t k = 0; k < estimator.weights().size(); ++k) {
    double term = std::log(estimator.weights()[k]);
    for (std::size_t d = 0; d < x.size(); ++d) {
      const auto& of = std::get<samplers::NumericKernels>(estimator.kernels()[d]);
      const double z = (x[d] - of.mu[k]) / of.sigma[k];
      const double mass = 0.5 * (std::erf((5.0 - of.mu[k]) / of.sigma[k] / std::numbers::sqrt2) +
                                 std::erf((5.0 + of.mu[k]) / of.sigma[k] / std::numbers::sqrt2));
      term -= 0.5 * z * z + std::log(of.sigma[k] * mass * std::sqrt(2.0 * std::numbers::pi));
    }
    terms.push_back(term);
  }
  const double largest = *std::max_element(terms.begin(), terms.end());
  double sum = 0.0;
  for (const double term : terms) sum += std::exp(term - largest);
  return largest + std::log(sum);
}

TEST(ParzenEstimator, StaysInsideTheDomainWhereAnObservationHasNoLogarithm) {
  const Distribution range = FloatDistribution{1e-3, 1.0, true};
  const std::vector<const Distribution*> space{&range};
  const samplers::ParzenEstimator estimator(space, samplers::ParzenEstimator::Columns{{-1.0, 0.0, 0.1, -2.0}});
  RandomStream stream(StreamKey{.seed = 6});
  const auto drawn = estimator.draw(stream, 200);
  for (const double value : drawn.front()) EXPECT_TRUE(contains(range, value)) << value;
  for (const double density : estimator.log_density(drawn)) EXPECT_FALSE(std::isnan(density));
}

TEST(ParzenEstimator, LeavesNoKernelOutThatCountsAmongManyParameters) {
  constexpr std::size_t kParameters = 11;
  constexpr std::size_t kTrials = 300;
  const Distribution range = FloatDistribution{-5.0, 5.0};
  const std::vector<const Distribution*> space(kParameters, &range);
  RandomStream stream(StreamKey{.seed = 5});
  samplers::ParzenEstimator::Columns observed(kParameters);
  samplers::ParzenEstimator::Columns points(kParameters);
  for (std::size_t d = 0; d < kParameters; ++d) {
    for (std::size_t i = 0; i < kTrials; ++i) observed[d].push_back(stream.uniform(-5.0, 5.0));
    for (std::size_t i = 0; i < 30; ++i) {
      points[d].push_back(i < 10 ? observed[d][i] + stream.uniform(-0.1, 0.1) : stream.uniform(-5.0, 5.0));
      points[d].back() = std::clamp(points[d].back(), -5.0, 5.0);
    }
  }
  const samplers::ParzenEstimator estimator(space, observed);
  const samplers::Observations source{
      kTrials, [&](std::size_t d, std::vector<double>& values) { values = observed[d]; }, {}};
  const auto densities = estimator.log_density(points);
  EXPECT_EQ(samplers::parzen_density(space, source).log_density(points), densities);
  for (std::size_t i = 0; i < densities.size(); ++i) {
    std::vector<double> x;
    for (const auto& column : points) x.push_back(column[i]);
    EXPECT_NEAR(densities[i], density_by_hand(estimator, x), 1e-9) << i;
  }
}

TEST(ParzenEstimator, DrawsAsOftenAsItsDensitySays) {
  const Distribution choices =
      CategoricalDistribution{{std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{3}}};
  const Distribution grid = IntDistribution{1, 4, true, 1};
  const samplers::ParzenEstimator::Columns observed{{1.0, 1.0, 3.0}};
  for (const Distribution* distribution : {&choices, &grid}) {
    const samplers::ParzenEstimator estimator(std::vector<const Distribution*>{distribution}, observed);
    const double first = distribution == &grid ? 1.0 : 0.0;
    const samplers::ParzenEstimator::Columns points{{first, first + 1, first + 2, first + 3}};
    const auto log_density = estimator.log_density(points);
    RandomStream stream(StreamKey{.seed = 12});
    const auto drawn = estimator.draw(stream, 20000).front();
    for (std::size_t i = 0; i < 4; ++i) {
      const auto count = std::count(drawn.begin(), drawn.end(), points[0][i]);
      EXPECT_NEAR(static_cast<double>(count), 20000.0 * std::exp(log_density[i]), 350.0) << points[0][i];
    }
  }
}

TEST(TpeSampler, RefusesOptionsOutOfRange) {
  EXPECT_THROW(TpeSampler({.n_startup_trials = -1}), InvalidArgument);
  EXPECT_THROW(TpeSampler({.n_ei_candidates = 0}), InvalidArgument);
}

TEST(TrialSplit, PrefersTheLowerNumberOnTies) {
  for (const Direction direction : {Direction::kMinimize, Direction::kMaximize}) {
    const History history = testing::make_history(
        {TrialBuilder(0).complete(1), TrialBuilder(1).complete(1), TrialBuilder(2).complete(1)}, {direction});
    EXPECT_EQ(samplers::split_trials(HistoryView(history), {0, 1, 2}, 2).below,
              (std::vector<std::size_t>{0, 1}));
  }
}

TEST(TrialSplit, RanksCompleteBeforePrunedBeforeInfeasible) {
  const History history = testing::make_history(
      {TrialBuilder(0).complete(-9).constraint(2.0), TrialBuilder(1).complete(-9).constraint(1.0),
       TrialBuilder(2).state(TrialState::kPruned), TrialBuilder(3).state(TrialState::kPruned).report(1, 5),
       TrialBuilder(4).state(TrialState::kPruned).report(2, 9), TrialBuilder(5).complete(100)});
  std::vector<std::size_t> order;
  for (std::size_t n = 1; n <= 6; ++n) {
    for (const auto number : samplers::split_trials(HistoryView(history), {0, 1, 2, 3, 4, 5}, n).below) {
      if (std::find(order.begin(), order.end(), number) == order.end()) {
        order.push_back(number);
      }
    }
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{5, 4, 3, 2, 1, 0}));
}

}  // namespace
}  // namespace tune
