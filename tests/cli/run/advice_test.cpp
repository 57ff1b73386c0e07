#include "cli/run/advice.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace fmnist_tune {
namespace {

using tune::Direction;
using tune::Distribution;
using tune::FrozenTrial;
using tune::TrialState;

const Distribution kRate = tune::FloatDistribution{1e-5, 0.1, true};
const Distribution kUnit = tune::FloatDistribution{0.0, 1.0};
const Distribution kDropout = tune::FloatDistribution{0.0, 0.6};
const Distribution kDepth = tune::IntDistribution{1, 4};

/// A study of one objective; the value falls with the number.
AdviceSubject study_of(std::size_t n, double step = 0.01) {
  AdviceSubject subject{{}, {Direction::kMaximize}, {"validation_accuracy"}, {}, {}, "mlp.db"};
  for (std::size_t i = 0; i < n; ++i) {
    FrozenTrial trial;
    trial.number = tune::TrialNumber{static_cast<std::int64_t>(i)};
    trial.state = TrialState::kComplete;
    trial.values = {0.9 - step * static_cast<double>(i)};
    // In the middle, and no two the same.
    trial.params = {{"lr", 1e-3, kRate}, {"l1", 0.5 + 0.001 * static_cast<double>(i), kUnit}};
    subject.trials.push_back(std::move(trial));
  }
  return subject;
}

void set_param(AdviceSubject& subject, std::size_t n_best, const std::string& name, double value,
               const Distribution& distribution) {
  for (std::size_t i = 0; i < n_best; ++i) {
    auto& params = subject.trials.at(i).params;
    std::erase_if(params, [&](const tune::Param& param) { return param.name == name; });
    params.push_back({name, value, distribution});
  }
}

TEST(Advice, HasNothingToSayOfAStudyWithoutTrials) {
  EXPECT_TRUE(advice_on(study_of(0)).empty());
  EXPECT_TRUE(advice_on(study_of(1)).empty());
}

TEST(Advice, HasNothingToSayWhereAllIsWell) {
  EXPECT_TRUE(advice_on(study_of(30)).empty());
}

TEST(Advice, NamesAParameterWhoseBestValuesAreAtAnEnd) {
  AdviceSubject subject = study_of(30);
  set_param(subject, 3, "lr", 0.0998, kRate);
  const std::vector<std::string> expected = {
      "the best trials are at the edge of the space: lr 0.0998 is at its upper end 0.1: widen the range"};
  EXPECT_EQ(advice_on(subject), expected);
  set_param(subject, 3, "lr", 1.01e-5, kRate);
  EXPECT_NE(advice_on(subject).at(0).find("lr 1.01e-05 is at its lower end 1e-05"), std::string::npos);
}

TEST(Advice, DoesNotTakeOneTrialAtTheEndForAReason) {
  AdviceSubject subject = study_of(30);
  set_param(subject, 1, "lr", 0.0998, kRate);
  EXPECT_TRUE(advice_on(subject).empty());
  AdviceSubject few = study_of(9);
  set_param(few, 9, "lr", 0.0998, kRate);
  EXPECT_TRUE(advice_on(few).empty()) << "nine trials are too few";
}

TEST(Advice, KnowsEndsThatCannotMove) {
  AdviceSubject subject = study_of(30);
  set_param(subject, 30, "dropout", 0.001, kDropout);
  EXPECT_TRUE(advice_on(subject).empty()) << "nothing is dropped less often than never";
  set_param(subject, 30, "depth", 4, kDepth);
  EXPECT_NE(advice_on(subject).at(0).find("depth 4 is at its upper end 4"), std::string::npos);
  subject.parameters = {
      {.name = "depth", .kind = tune::OptionKind::kInt, .default_value = {}, .low = 1, .high = 4}};
  EXPECT_TRUE(advice_on(subject).empty()) << "the objective takes no more than 4";
  subject.parameters.front().high = 100;
  EXPECT_EQ(advice_on(subject).size(), 1U);
}

TEST(Advice, ExpectsMoreWhereThereAreFewValues) {
  AdviceSubject subject = study_of(30);
  set_param(subject, 30, "depth", 2, tune::IntDistribution{1, 2});
  EXPECT_TRUE(advice_on(subject).empty()) << "each of two values is at an end";
  set_param(subject, 30, "depth", 4, kDepth);
  subject.trials[4].params.back().value = 1;
  EXPECT_TRUE(advice_on(subject).empty()) << "one of the five best is elsewhere";
}

TEST(Advice, NamesThreeParametersAndCountsTheRest) {
  AdviceSubject subject = study_of(30);
  for (const char* name : {"a", "b\n", "c", "d", "e"}) set_param(subject, 30, name, 4, kDepth);
  const auto lines = advice_on(subject);
  EXPECT_NE(lines.at(0).find("b\\n 4 is at its upper end 4, c 4 is at its upper end 4 and 2 more: widen"),
            std::string::npos)
      << lines.at(0);
}

TEST(Advice, SaysWhichTrialsTheValidationExamplesCannotTellApart) {
  AdviceSubject subject = study_of(30, 0.001);
  subject.validation_examples = 10000;
  // 1.96 · √(2 · 0.9 · 0.1 / 10000) = 0.0083: the next eight are closer.
  const std::vector<std::string> expected = {
      "8 more configuration(s) may be as good as the best: less than 0.0083 apart (binomial error of 10000 "
      "validation examples, as if each trial had its own): fmnist-tune confirm mlp.db --top 9 compares them"};
  EXPECT_EQ(advice_on(subject), expected);
  subject.metrics = {"validation_loss"};
  EXPECT_TRUE(advice_on(subject).empty()) << "a loss has no binomial error";
}

TEST(Advice, PrefersTheSpreadOfReplicatesAndComparesTheirMeans) {
  AdviceSubject subject = study_of(12, 0.02);
  subject.validation_examples = 10000;
  for (std::size_t i = 0; i < 4; ++i) {
    subject.trials[i].params = subject.trials[0].params;
    subject.trials[i].values = {i % 2 == 0 ? 0.9 : 0.88};
  }
  // The deviation is 0.011547 and the mean 0.89; with three degrees of freedom a single value may be
  // 3.182 · √1.25 of it away, which is 0.0411.
  subject.trials[4].values = {0.85};
  subject.trials[5].values = {0.848};
  const std::vector<std::string> expected = {
      "1 more configuration(s) may be as good as the best: less than 0.026 apart (replicates spread by "
      "0.012): fmnist-tune confirm mlp.db --top 2 compares them"};
  EXPECT_EQ(advice_on(subject), expected);
}

TEST(Advice, CountsWhatPruningSaved) {
  AdviceSubject subject = study_of(12);
  for (FrozenTrial& trial : subject.trials) {
    for (std::int64_t step = 1; step <= 10; ++step) trial.intermediate.push_back({step, 0.5});
  }
  for (std::size_t i = 6; i < 12; ++i) {
    FrozenTrial& trial = subject.trials[i];
    trial.state = TrialState::kPruned;
    trial.intermediate.resize(2);
    trial.user_attrs["training_seconds"] = "3.0";
  }
  subject.trials[11].system_attrs[std::string(tune::kReasonKey)] = "\"diverged\"";
  // Five trials without eight steps each; the sixth would have ended anyway.
  const std::vector<std::string> expected = {
      "pruning 5 trial(s) saved 40 of 112 steps (36 %), about 1 min 0 s of training: a complete trial has 10 "
      "steps"};
  EXPECT_EQ(advice_on(subject), expected);
}

TEST(Advice, OfSeveralObjectivesIsAboutPruningAlone) {
  AdviceSubject subject = study_of(30);
  set_param(subject, 30, "lr", 0.1, kRate);
  subject.directions = {Direction::kMaximize, Direction::kMinimize};
  subject.metrics = {"validation_accuracy", "training_seconds"};
  for (FrozenTrial& trial : subject.trials) trial.values.push_back(1.0);
  EXPECT_TRUE(advice_on(subject).empty());
}

TEST(Advice, SurvivesOddTrials) {
  AdviceSubject subject = study_of(20);
  subject.validation_examples = 10;
  subject.trials[0].values = {std::numeric_limits<double>::infinity()};
  subject.trials[1].values = {-std::numeric_limits<double>::infinity()};
  subject.trials[2].values = {7.0};
  subject.trials[3].state = TrialState::kFail;
  subject.trials[4].params.clear();
  subject.trials[5].user_attrs["training_seconds"] = "[oops";
  set_param(subject, 20, "one", 3, tune::IntDistribution{3, 3});
  EXPECT_LE(advice_on(subject).size(), 3U);
}

}  // namespace
}  // namespace fmnist_tune
