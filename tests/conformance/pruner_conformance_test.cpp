#include <gtest/gtest.h>

#include <limits>

#include "support/random_studies.hpp"
#include "tune/error.hpp"
#include "tune/pruners/registry.hpp"

// What every registered pruner must do; a new one is enrolled by its registration.
namespace tune {
namespace {

using testing::TrialBuilder;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Options = std::map<std::string, ParamValue, std::less<>>;

/// What a pruner cannot be made without.
Options needed_options(const std::string& name) {
  static const std::map<std::string, Options> needed{
      {"threshold", {{"lower", -10.0}, {"upper", kInfinity}}},
      {"patient", {{"patience", std::int64_t{1}}, {"wrapped_pruner", std::string(R"({"type": "median"})")}}}};
  const auto found = needed.find(name);
  return found == needed.end() ? Options{} : found->second;
}

class PrunerConformance : public ::testing::TestWithParam<std::string> {
 protected:
  const std::shared_ptr<const Pruner> pruner_ = make_pruner(GetParam(), needed_options(GetParam()));

  [[nodiscard]] PruneDecision decide(const History& history, std::int64_t number) const {
    return pruner_->decide(
        {.history = HistoryView(history), .number = TrialNumber{number}, .seed = 3, .study_name = "study"});
  }

  [[nodiscard]] const PrunerEntry& entry() const {
    for (const PrunerEntry& entry : pruner_registry()) {
      if (entry.name == GetParam()) {
        return entry;
      }
    }
    throw InvalidArgument("not registered");
  }
};

TEST_P(PrunerConformance, KnowsItsName) {
  EXPECT_EQ(pruner_->name(), GetParam());
}

TEST_P(PrunerConformance, RefusesAnUnknownOptionAndNamesIt) {
  try {
    (void)make_pruner(GetParam(), {{"no_such_option", std::int64_t{1}}});
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("no_such_option"), std::string::npos) << error.what();
  }
}

TEST_P(PrunerConformance, RefusesOptionsOfTheWrongTypeOrRangeAndNamesThem) {
  for (const OptionSpec& spec : entry().options) {
    std::vector<ParamValue> bad{std::string("nonsense")};
    if (spec.low) {
      bad.emplace_back(static_cast<std::int64_t>(*spec.low) - 1);
    }
    if (spec.high) {
      bad.emplace_back(static_cast<std::int64_t>(*spec.high) + 2);  // 2^53 + 1 would round to 2^53.
    }
    for (const ParamValue& value : bad) {
      try {
        Options options = needed_options(GetParam());
        options[spec.name] = value;
        (void)make_pruner(GetParam(), options);
        FAIL() << spec.name << " accepted " << to_text(value);
      } catch (const InvalidArgument& error) {
        EXPECT_NE(std::string(error.what()).find(spec.name), std::string::npos) << error.what();
      }
    }
  }
}

TEST_P(PrunerConformance, KeepsTheOnlyTrial) {
  std::vector<double> values{1.0};
  if (pruner_->uses_other_trials() || GetParam() == "nop") {
    values.insert(values.end(), {kInfinity, -kInfinity, std::nan("")});
  }
  for (const double value : values) {
    EXPECT_FALSE(decide(testing::make_history({TrialBuilder(0).report(0, value)}), 0).prune) << value;
  }
}

TEST_P(PrunerConformance, RefusesAStudyWithSeveralObjectivesUnlessItNeverPrunes) {
  const History history =
      testing::make_history({TrialBuilder(0).report(0, 1.0)}, {Direction::kMinimize, Direction::kMaximize});
  if (GetParam() == "nop") {
    EXPECT_FALSE(decide(history, 0).prune);
  } else {
    EXPECT_THROW((void)decide(history, 0), InvalidArgument);
  }
}

TEST_P(PrunerConformance, GroupsAllTrialsOrNone) {
  RandomStream stream(StreamKey{.seed = 5});
  std::vector<TrialBuilder> trials;
  TrialGroups groups;
  for (std::int64_t i = 0; i < 40; ++i) {
    trials.push_back(testing::random_trial(i, {}, 1, stream));
    const History history = testing::make_history(trials);
    pruner_->group_trials(
        {.history = HistoryView(history), .number = TrialNumber{i}, .seed = 3, .study_name = "study"}, groups);
    EXPECT_TRUE(groups.of_trial.empty() || groups.of_trial.size() == history.size());
  }
}

TEST_P(PrunerConformance, KeepsATrialThatHasNotReported) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 10; ++i) {
    trials.push_back(TrialBuilder(i).complete(1.0).report(0, 1.0));
  }
  trials.emplace_back(10);
  EXPECT_FALSE(decide(testing::make_history(trials), 10).prune);
}

TEST_P(PrunerConformance, KeepsTheBestTrial) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 20; ++i) {
    trials.push_back(TrialBuilder(i).complete(1.0).report(0, 1.0 + static_cast<double>(i)));
  }
  trials.push_back(TrialBuilder(20).report(0, 0.5));
  EXPECT_FALSE(decide(testing::make_history(trials), 20).prune);
}

TEST_P(PrunerConformance, WorksWhenAllTrialsFailed) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < 20; ++i) {
    trials.push_back(TrialBuilder(i).state(TrialState::kFail).report(0, 1.0));
  }
  trials.push_back(TrialBuilder(20).report(0, 5.0));
  EXPECT_FALSE(decide(testing::make_history(trials), 20).prune);
}

TEST_P(PrunerConformance, DecidesTheSameAgainAndGivesAReasonWhenItPrunes) {
  RandomStream stream(StreamKey{.seed = 4});
  for (int round = 0; round < 200; ++round) {
    std::vector<TrialBuilder> trials;
    for (std::int64_t i = 0; i < 15; ++i) {
      trials.push_back(testing::random_trial(i, {}, 1, stream));
    }
    trials.push_back(TrialBuilder(15).report(testing::draw_int(stream, 0, 9), testing::random_value(stream)));
    const History history = testing::make_history(trials);
    const PruneDecision decision = decide(history, 15);
    EXPECT_EQ(decide(history, 15).prune, decision.prune);
    EXPECT_EQ(decision.reason.has_value(), decision.prune);
  }
}

TEST_P(PrunerConformance, DecidesWithoutOtherTrialsAsWithThemWhenItSaysThatItUsesNone) {
  RandomStream stream(StreamKey{.seed = 6});
  for (int round = 0; round < 300; ++round) {
    std::vector<TrialBuilder> others;
    std::vector<TrialBuilder> bare;
    for (std::int64_t i = 0; i < 15; ++i) {
      others.push_back(testing::random_trial(i, {}, 1, stream));
      bare.emplace_back(i);
    }
    TrialBuilder judged(15);
    for (std::int64_t step = 0; step < 5; ++step) judged.report(step, testing::random_value(stream));
    others.push_back(judged);
    bare.push_back(judged);
    const bool same =
        decide(testing::make_history(others), 15).prune == decide(testing::make_history(bare), 15).prune;
    ASSERT_TRUE(same || pruner_->uses_other_trials()) << round;
  }
}

std::vector<std::string> registered_pruners() {
  std::vector<std::string> names;
  for (const PrunerEntry& entry : pruner_registry()) {
    names.push_back(entry.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Registered, PrunerConformance, ::testing::ValuesIn(registered_pruners()),
                         [](const auto& pruner) { return pruner.param; });

TEST(PrunerRegistry, NamesTheKnownPrunersWhenOneIsUnknown) {
  try {
    (void)make_pruner("mean");
    FAIL() << "accepted";
  } catch (const InvalidArgument& error) {
    const std::string message = error.what();
    for (const char* word : {"mean", "median", "percentile", "successive_halving", "hyperband", "threshold",
                             "patient", "wilcoxon", "nop"}) {
      EXPECT_NE(message.find(word), std::string::npos) << message;
    }
  }
}

}  // namespace
}  // namespace tune
