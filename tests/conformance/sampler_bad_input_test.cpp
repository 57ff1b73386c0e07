#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <cmath>
#include <limits>

#include "support/random_studies.hpp"
#include "support/sampler_variants.hpp"
#include "tune/error.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/study.hpp"

// What no sampler may stumble over: whole studies with results, spaces and histories at the edge of what there
// is.
namespace tune {
namespace {

using testing::SamplerVariant;
using testing::Space;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kHuge = std::int64_t{1} << 53;

/// Ends a trial of the study; gets the number of the trial.
using End = std::function<void(Study&, Trial&&)>;

double some_value(TrialNumber number) {
  return std::sin(static_cast<double>(number.value));
}

void tell_some_value(Study& study, Trial&& trial) {
  const double value = some_value(trial.number());
  (void)study.tell(std::move(trial), value);
}

void expect_inside(const FrozenTrial& trial) {
  for (const Param& param : trial.params) {
    EXPECT_TRUE(contains(param.distribution, param.value))
        << "trial " << trial.number.value << ": " << param.name << " = " << param.value << " in "
        << to_json(param.distribution);
  }
}

class BadInput : public ::testing::TestWithParam<SamplerVariant> {
 protected:
  StudyOptions options(std::size_t n_objectives = 1) const {
    StudyOptions options;
    options.directions = std::vector<Direction>(n_objectives, Direction::kMaximize);
    options.sampler = testing::make_variant(GetParam());
    options.seed = 9;
    return options;
  }

  /// A study on a declared space, for samplers of any space also on one that is found trial by trial.
  void run(const Space& space, int n_trials, const End& end, std::size_t n_objectives = 1) const {
    run_declared(space, n_trials, end, n_objectives);
    if (!GetParam().needs_finite_space) run_found(space, n_trials, end, n_objectives);
  }

 private:
  void run_declared(const Space& space, int n_trials, const End& end, std::size_t n_objectives) const {
    StudyOptions declared = options(n_objectives);
    for (const auto& [name, distribution] : space) declared.space.add({name, distribution, {}});
    if (GetParam().sampler == "none") {
      declared.points.assign(static_cast<std::size_t>(n_trials), {});
    }
    Study study = create_study(std::move(declared));
    for (int i = 0; i < n_trials; ++i) {
      AskResult asked = study.ask_within(std::nullopt);
      if (!asked.trial) break;
      EXPECT_EQ(asked.error, "");
      EXPECT_EQ(asked.trial->params().size(), space.size());
      end(study, std::move(*asked.trial));
    }
    EXPECT_FALSE(study.trials().empty());
    for (const FrozenTrial& trial : study.trials()) expect_inside(trial);
  }

  void run_found(const Space& space, int n_trials, const End& end, std::size_t n_objectives) const {
    Study study = create_study(options(n_objectives));
    for (int i = 0; i < n_trials; ++i) {
      if (GetParam().sampler == "none") (void)study.enqueue_trial({});
      Trial trial = study.ask();
      for (const auto& [name, distribution] : space) (void)trial.suggest(name, distribution);
      end(study, std::move(trial));
    }
    EXPECT_EQ(study.trials().size(), static_cast<std::size_t>(n_trials));
    for (const FrozenTrial& trial : study.trials()) expect_inside(trial);
  }
};

const Space kMixed{{"x", FloatDistribution{0.0, 1.0, false, 0.125}},
                   {"n", IntDistribution{1, 9, false, 1}},
                   {"c", CategoricalDistribution{{std::string("a"), std::monostate{}, 2.5}}}};

TEST_P(BadInput, NanValuesMakeTrialsFailAndTheStudyGoOn) {
  run(kMixed, 30, [](Study& study, Trial&& trial) {
    const bool broken = trial.number().value % 3 == 0;
    const auto told = study.tell(std::move(trial), broken ? kNaN : 1.0);
    EXPECT_EQ(told.state, broken ? TrialState::kFail : TrialState::kComplete);
  });
}

TEST_P(BadInput, InfiniteValuesAreKept) {
  run(kMixed, 30, [](Study& study, Trial&& trial) {
    const double value = trial.number().value % 2 == 0 ? kInfinity : -kInfinity;
    EXPECT_EQ(study.tell(std::move(trial), value).values, std::vector<double>{value});
  });
}

TEST_P(BadInput, InfiniteValuesOfSeveralObjectivesAreKept) {
  run(
      kMixed, 30,
      [](Study& study, Trial&& trial) {
        const std::vector<double> values{trial.number().value % 2 == 0 ? kInfinity : -kInfinity, 1.0};
        EXPECT_EQ(study.tell(std::move(trial), values).values, values);
      },
      2);
}

TEST_P(BadInput, AStudyOfFailedTrialsGoesOn) {
  run(kMixed, 30, [](Study& study, Trial&& trial) { (void)study.tell(std::move(trial), TrialState::kFail); });
}

TEST_P(BadInput, AStudyOfPrunedTrialsWithoutReportsGoesOn) {
  run(kMixed, 30, [](Study& study, Trial&& trial) { (void)study.tell(std::move(trial), TrialState::kPruned); });
}

TEST_P(BadInput, AStudyWithoutFinishedTrialsGoesOn) {
  run(kMixed, 30, [](Study&, Trial&& trial) { const Trial left_running = std::move(trial); });
}

TEST_P(BadInput, ReportsOfNanAndInfinityArePrunedOrNot) {
  run(kMixed, 30, [](Study& study, Trial&& trial) {
    trial.report(trial.number().value % 2 == 0 ? kNaN : kInfinity, 1);
    (void)study.tell(std::move(trial), TrialState::kPruned);
  });
}

TEST_P(BadInput, EverythingHasOneValue) {
  run({{"x", FloatDistribution{2.5, 2.5, false, {}}},
       {"l", FloatDistribution{1e-300, 1e-300, true, {}}},
       {"n", IntDistribution{kHuge, kHuge, false, 1}},
       {"c", CategoricalDistribution{{std::string("only")}}}},
      15, tell_some_value);
}

TEST_P(BadInput, NoParameterAtAll) {
  if (GetParam().needs_finite_space) {
    EXPECT_THROW(run({}, 1, tell_some_value), InvalidArgument) << "nothing is declared";
    return;
  }
  run({}, 15, tell_some_value);
}

TEST_P(BadInput, TwoHundredParameters) {
  Space space;
  for (int i = 0; i < 200; ++i) {
    space.push_back({"p" + std::to_string(i), i < 50 ? Distribution(IntDistribution{0, 1, false, 1})
                                                     : Distribution(IntDistribution{7, 7, false, 1})});
  }
  run(space, 15, tell_some_value);
}

TEST_P(BadInput, TenThousandChoices) {
  run({{"c", testing::numbered_choices(10'000)}}, 20, tell_some_value);
}

TEST_P(BadInput, HugeIntegersAndStepsThatRoundTowardsTheUpperEnd) {
  run({{"all", validated(IntDistribution{-kHuge, kHuge, false, kHuge / 2})},
       {"top", IntDistribution{kHuge - 3, kHuge, false, 1}},
       {"tenths", validated(FloatDistribution{0.1, 0.3, false, 0.1})},
       {"thirds", validated(FloatDistribution{0.0, 1.0, false, 1.0 / 3.0})},
       {"uneven", validated(FloatDistribution{0.0, 1.0, false, 0.3})}},
      40, tell_some_value);
}

TEST_P(BadInput, AChoiceListThatGrewIsRefusedByTheStudyAndTheTrialFails) {
  StudyOptions first = options();
  first.storage = make_in_memory_storage();
  first.space.add({"c", CategoricalDistribution{{std::string("a"), std::string("b")}}, {}});
  if (GetParam().sampler == "none") first.points.assign(4, {});
  StudyOptions second = first;
  Study before = create_study(std::move(first));
  Trial trial = before.ask();
  tell_some_value(before, std::move(trial));
  second.space = {};
  second.space.add({"c", CategoricalDistribution{{std::string("a"), std::string("b"), std::string("c")}}, {}});
  Study after = load_study(std::move(second));
  EXPECT_THROW((void)after.ask(), InvalidArgument);
  EXPECT_EQ(after.count(TrialState::kFail), 1U);
}

INSTANTIATE_TEST_SUITE_P(EverySampler, BadInput, ::testing::ValuesIn(testing::sampler_variants()),
                         [](const auto& variant) { return variant.param.name; });

/// Ranges and lists at the edge of what a double or a study can hold.
Distribution extreme_distribution(RandomStream& stream) {
  const double tiny = std::pow(10.0, stream.uniform(-300.0, 300.0));
  const double wide = std::min(tiny * std::pow(10.0, stream.uniform(0.0, 600.0)), 1e300);
  switch (stream.below(7)) {
    case 0:
      return FloatDistribution{tiny, std::max(tiny, wide), true, {}};
    case 1:
      return FloatDistribution{-wide, tiny, false, {}};
    case 2:
      return FloatDistribution{tiny, std::nextafter(tiny, kInfinity), stream.below(2) == 0, {}};
    case 3:
      return validated(FloatDistribution{0.0, stream.uniform(0.1, 9.0), false, stream.uniform(0.01, 0.1)});
    case 4: {
      const std::int64_t low = testing::draw_int(stream, -kHuge, kHuge);
      return validated(IntDistribution{low, testing::draw_int(stream, low, kHuge), false,
                                       testing::draw_int(stream, 1, std::int64_t{1} << stream.below(50))});
    }
    case 5: {
      const std::int64_t low = testing::draw_int(stream, 1, std::int64_t{1} << stream.below(53));
      return IntDistribution{low, testing::draw_int(stream, low, kHuge), true, 1};
    }
    default:
      return testing::numbered_choices(stream.below(8) == 0 ? 10'000 : testing::draw_int(stream, 1, 30));
  }
}

bool is_compatible(const Distribution& stored, const Distribution& wanted) {
  try {
    check_compatible("p", stored, wanted);
    return true;
  } catch (const InvalidArgument&) {
    return false;
  }
}

/// The same parameters with other ranges, as far as a study takes them.
Space with_other_ranges(const Space& space, RandomStream& stream) {
  Space other = space;
  for (auto& [name, distribution] : other) {
    for (int i = 0; i < 20; ++i) {
      const Distribution drawn = extreme_distribution(stream);
      if (is_compatible(distribution, drawn)) distribution = drawn;
    }
  }
  return other;
}

RC_GTEST_PROP(ExtremeDomains, HoldEverySuggestionWhateverTheHistory, (std::uint64_t seed)) {
  RandomStream stream(StreamKey{.seed = seed});
  Space space;
  const auto n_params = testing::draw_int(stream, 1, 4);
  for (std::int64_t i = 0; i < n_params; ++i)
    space.push_back({"p" + std::to_string(i), extreme_distribution(stream)});
  const History history = testing::random_history(space, testing::draw_int(stream, 0, 40), 1, stream);
  const Space asked = stream.below(3) == 0 ? with_other_ranges(space, stream) : space;
  const SearchSpace define_by_run;
  for (const SamplerVariant& variant : testing::sampler_variants()) {
    if (variant.needs_finite_space) continue;
    const SamplingContext context{.history = HistoryView(history),
                                  .number = TrialNumber{static_cast<std::int64_t>(history.size())},
                                  .seed = seed,
                                  .declared = define_by_run};
    const auto values = testing::suggest_all(*testing::make_variant(variant), context, asked);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      RC_LOG() << variant.name << ": " << values[i] << " in " << to_json(asked[i].distribution).substr(0, 200)
               << "\n";
      RC_ASSERT(contains(asked[i].distribution, values[i]));
    }
  }
}

}  // namespace
}  // namespace tune
