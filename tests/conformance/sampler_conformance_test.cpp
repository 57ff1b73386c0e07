#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "support/random_studies.hpp"
#include "support/sampler_variants.hpp"
#include "tune/error.hpp"
#include "tune/samplers/registry.hpp"
#include "tune/study.hpp"

// What every registered sampler must do; a new one is enrolled by its registration.
namespace tune {
namespace {

using testing::Space;
using testing::TrialBuilder;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const SearchSpace kDefineByRun;

SamplingContext next_trial(const History& history, std::uint64_t seed = 11) {
  return {.history = HistoryView(history),
          .number = TrialNumber{static_cast<std::int64_t>(history.size())},
          .seed = seed,
          .declared = kDefineByRun};
}

/// What can be said of a sampler whatever spaces it works on.
class RegisteredSampler : public ::testing::TestWithParam<std::string> {
 protected:
  const std::shared_ptr<const Sampler> sampler_ = make_sampler(GetParam());

  /// Parameters of the first trials of a study with a declared space of finitely many values.
  std::vector<ParamValues> first_trials(std::int64_t n) const {
    StudyOptions options;
    options.sampler = sampler_;
    options.seed = 3;
    options.space.add({"c", CategoricalDistribution{{true, false}}, {}});
    options.space.add({"n", IntDistribution{1, 3, false, 1}, {}});
    options.space.add_repeated("w", FloatDistribution{0.0, 1.0, false, 0.5}, "n");
    for (std::int64_t i = 0; i < n; ++i) options.points.emplace_back();
    Study study = Study::create(std::move(options));
    std::vector<ParamValues> found;
    for (std::int64_t i = 0; i < n; ++i) {
      Trial trial = study.ask();
      found.push_back(trial.params());
      study.tell(std::move(trial), static_cast<double>(i % 7));
    }
    return found;
  }
};

TEST_P(RegisteredSampler, KnowsItsName) {
  EXPECT_EQ(sampler_->name(), GetParam());
}

TEST_P(RegisteredSampler, StaysInsideADeclaredSpaceOfFinitelyManyValues) {
  const auto trials = first_trials(20);
  for (const ParamValues& params : trials) {
    const auto n = std::get<std::int64_t>(params.at("n"));
    EXPECT_TRUE(n >= 1 && n <= 3);
    EXPECT_EQ(params.size(), 2U + static_cast<std::size_t>(n));
    for (std::int64_t i = 0; i < n; ++i) {
      const double width = std::get<double>(params.at("w_l" + std::to_string(i)));
      EXPECT_TRUE(width == 0.0 || width == 0.5 || width == 1.0) << width;
    }
  }
}

TEST_P(RegisteredSampler, MakesTheSameStudyAgain) {
  EXPECT_EQ(first_trials(15), first_trials(15));
}

class SamplerConformance : public ::testing::TestWithParam<testing::SamplerVariant> {
 protected:
  const std::shared_ptr<const Sampler> sampler_ = testing::make_variant(GetParam());

  void expect_inside(const History& history, const Space& space) const {
    const auto values = testing::suggest_all(*sampler_, next_trial(history), space);
    for (std::size_t i = 0; i < space.size(); ++i) {
      EXPECT_TRUE(contains(space[i].distribution, values[i]))
          << space[i].name << " = " << values[i] << " in " << to_json(space[i].distribution);
    }
  }

  /// Asks and tells `n` trials; each suggestion must lie inside the domain.
  void expect_inside_for(std::int64_t n, const Space& space, double value_scale = 1.0) const {
    History history({Direction::kMinimize});
    for (std::int64_t number = 0; number < n; ++number) {
      const auto values = testing::suggest_all(*sampler_, next_trial(history), space);
      TrialBuilder trial(number);
      double loss = 0.0;
      for (std::size_t i = 0; i < space.size(); ++i) {
        ASSERT_TRUE(contains(space[i].distribution, values[i]))
            << space[i].name << " = " << values[i] << " in " << to_json(space[i].distribution);
        trial.param(space[i].name, values[i], space[i].distribution);
        loss += std::isfinite(values[i] * value_scale) ? values[i] * value_scale : 0.0;
      }
      history.apply(trial.complete(loss).build());
    }
  }
};

TEST_P(RegisteredSampler, RefusesAnUnknownOptionAndNamesIt) {
  try {
    (void)make_sampler(GetParam(), {{"no_such_option", std::int64_t{1}}});
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("no_such_option"), std::string::npos) << error.what();
  }
}

TEST_P(RegisteredSampler, RefusesOptionsOfTheWrongTypeOrRangeAndNamesThem) {
  for (const SamplerEntry& entry : sampler_registry()) {
    if (entry.name != GetParam()) {
      continue;
    }
    for (const OptionSpec& spec : entry.options) {
      std::vector<ParamValue> bad{std::string("nonsense")};
      if (spec.low) {
        bad.emplace_back(static_cast<std::int64_t>(*spec.low) - 1);
      }
      for (const ParamValue& value : bad) {
        try {
          (void)make_sampler(GetParam(), {{spec.name, value}});
          FAIL() << spec.name << " accepted " << to_text(value);
        } catch (const InvalidArgument& error) {
          EXPECT_NE(std::string(error.what()).find(spec.name), std::string::npos) << error.what();
        }
      }
    }
  }
}

TEST_P(SamplerConformance, SuggestsTheSameForTheSameSeed) {
  RandomStream stream(StreamKey{.seed = 5});
  const Space space = testing::random_space(stream);
  const History history = testing::random_history(space, 40, 1, stream);
  const auto first = testing::suggest_all(*sampler_, next_trial(history), space);
  EXPECT_EQ(testing::suggest_all(*testing::make_variant(GetParam()), next_trial(history), space), first);
}

TEST_P(SamplerConformance, ServesManyThreadsAtOnce) {
  RandomStream stream(StreamKey{.seed = 6});
  const Space space = testing::random_space(stream);
  const History history = testing::random_history(space, 40, 1, stream);
  const auto expected = testing::suggest_all(*sampler_, next_trial(history), space);
  std::vector<std::vector<double>> found(4);
  std::vector<std::thread> threads;
  for (auto& slot : found) {
    threads.emplace_back([&] { slot = testing::suggest_all(*sampler_, next_trial(history), space); });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  for (const auto& slot : found) {
    EXPECT_EQ(slot, expected);
  }
}

TEST_P(SamplerConformance, WorksWithoutTrials) {
  expect_inside(testing::make_history({}),
                {{"x", FloatDistribution{}}, {"n", IntDistribution{0, 9, false, 1}}});
}

TEST_P(SamplerConformance, WorksWhenAllTrialsFailed) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 30; ++i) {
    trials.push_back(TrialBuilder(i).state(TrialState::kFail).param("x", 0.5, FloatDistribution{}));
  }
  expect_inside(testing::make_history(trials), {{"x", FloatDistribution{}}});
}

TEST_P(SamplerConformance, WorksWithInfiniteValuesAndNanReports) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 40; ++i) {
    TrialBuilder trial(i);
    trial.param("x", static_cast<double>(i) / 40.0, FloatDistribution{});
    if (i % 3 == 0) {
      trial.complete(i % 2 == 0 ? kInfinity : -kInfinity);
    } else {
      trial.state(TrialState::kPruned).report(i, std::nan(""));
    }
    trials.push_back(trial);
  }
  expect_inside(testing::make_history(trials), {{"x", FloatDistribution{}}});
}

TEST_P(SamplerConformance, WorksWithInfiniteValuesOfSeveralObjectives) {
  RandomStream stream(StreamKey{.seed = 9});
  const Space space{{"x", FloatDistribution{}}, {"c", CategoricalDistribution{{true, false}}}};
  for (const std::size_t n_objectives : {2U, 3U, 4U}) {
    expect_inside(testing::random_history(space, 60, n_objectives, stream), space);
  }
}

TEST_P(SamplerConformance, WorksInASpaceOfOneValue) {
  expect_inside_for(15, {{"x", FloatDistribution{2.5, 2.5, false, {}}},
                         {"n", IntDistribution{3, 3, false, 1}},
                         {"l", IntDistribution{1, 1, true, 1}},
                         {"c", CategoricalDistribution{{std::string("only")}}}});
}

TEST_P(SamplerConformance, WorksWithTwoHundredParameters) {
  Space space;
  for (int i = 0; i < 200; ++i) {
    space.push_back({"x" + std::to_string(i), FloatDistribution{0.0, 1.0, false, {}}});
  }
  expect_inside_for(20, space);
}

TEST_P(SamplerConformance, WorksWithTenThousandChoices) {
  expect_inside_for(25, {{"c", testing::numbered_choices(10000)}});
}

TEST_P(SamplerConformance, StaysInsideExtremeRanges) {
  const double most = std::numeric_limits<double>::max();
  expect_inside_for(40, {{"log", FloatDistribution{1e-300, 1e300, true, {}}},
                         {"wide", FloatDistribution{-1e300, 1e300, false, {}}},
                         {"widest", FloatDistribution{-most, most, false, {}}},
                         {"tiny", FloatDistribution{0.0, 5e-324, false, {}}},
                         {"narrow", FloatDistribution{1.0, std::nextafter(1.0, 2.0), false, {}}},
                         {"narrow_log", FloatDistribution{1.0, std::nextafter(1.0, 2.0), true, {}}}});
}

TEST_P(SamplerConformance, StaysInsideHugeIntegerRanges) {
  const std::int64_t huge = std::int64_t{1} << 53;
  expect_inside_for(40, {{"all", IntDistribution{-huge, huge, false, 1}},
                         {"log", IntDistribution{1, huge, true, 1}},
                         {"top", IntDistribution{huge - 3, huge, false, 1}},
                         {"step", validated(IntDistribution{-7, huge - 8, false, 1000003})}});
}

TEST_P(SamplerConformance, StaysInsideWhenRoundingMeetsTheUpperEnd) {
  expect_inside_for(60,
                    {{"tenths", validated(FloatDistribution{0.1, 0.3, false, 0.1})},
                     {"thirds", validated(FloatDistribution{0.0, 1.0, false, 1.0 / 3.0})},
                     {"uneven", validated(FloatDistribution{0.0, 1.0, false, 0.3})},
                     {"fine", validated(FloatDistribution{-1.0, 1.0, false, 1e-7})}},
                    -1.0);
}

TEST_P(SamplerConformance, StaysInsideAChoiceListThatGrewOrShrank) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 30; ++i) {
    trials.push_back(TrialBuilder(i)
                         .complete(static_cast<double>(i))
                         .param("c", static_cast<double>(i % 5), testing::numbered_choices(5)));
  }
  expect_inside(testing::make_history(trials), {{"c", testing::numbered_choices(9)}});
  expect_inside(testing::make_history(trials), {{"c", testing::numbered_choices(2)}});
}

TEST_P(SamplerConformance, StaysInsideARangeThatMovedAwayFromTheHistory) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 30; ++i) {
    const double x = static_cast<double>(i);
    trials.push_back(TrialBuilder(i).complete(x).param("x", x + 1.0, FloatDistribution{0.5, 40.0, true, {}}));
  }
  expect_inside(testing::make_history(trials), {{"x", FloatDistribution{1e5, 1e6, true, {}}}});
  expect_inside(testing::make_history(trials), {{"x", FloatDistribution{1e-9, 1e-8, true, {}}}});
}

std::vector<std::string> registered_samplers() {
  std::vector<std::string> names;
  for (const SamplerEntry& entry : sampler_registry()) names.push_back(entry.name);
  return names;
}

std::vector<testing::SamplerVariant> variants_of_any_space() {
  auto variants = testing::sampler_variants();
  std::erase_if(variants, [](const auto& variant) { return variant.needs_finite_space; });
  return variants;
}

INSTANTIATE_TEST_SUITE_P(All, RegisteredSampler, ::testing::ValuesIn(registered_samplers()),
                         [](const auto& sampler) { return sampler.param; });
INSTANTIATE_TEST_SUITE_P(OfAnySpace, SamplerConformance, ::testing::ValuesIn(variants_of_any_space()),
                         [](const auto& variant) { return variant.param.name; });

}  // namespace
}  // namespace tune
