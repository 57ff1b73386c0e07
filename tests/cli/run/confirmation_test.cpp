#include "cli/run/confirmation.hpp"

#include <gtest/gtest.h>

#include "cli/run/known_objectives.hpp"

namespace fmnist_tune {
namespace {

constexpr const char* kStudy = R"({
  "name": "s", "storage": "s.db", "duplicates": "avoid", "training_seed": 3,
  "objectives": [{"metric": "validation_accuracy", "direction": "maximize"}],
  "sampler": {"type": "tpe", "seed": 4}, "pruner": {"type": "median"},
  "objective": {"type": "fmnist", "epochs": 7}, "fixed": {"depth": 1},
  "space": {"lr": {"type": "float", "low": 0.001, "high": 0.1, "log": true},
            "activation": {"type": "categorical", "choices": ["relu", "tanh"]}},
  "limits": {"stagnation": 5, "max_trial_memory_mib": 100}})";

tune::FrozenTrial trial(std::int64_t number, double lr, double value) {
  tune::FrozenTrial trial;
  trial.number = tune::TrialNumber{number};
  trial.state = tune::TrialState::kComplete;
  trial.values = {value};
  trial.params = {{"lr", lr, tune::FloatDistribution{0.001, 0.1}}};
  return trial;
}

std::vector<std::int64_t> numbers(const std::vector<tune::FrozenTrial>& trials) {
  std::vector<std::int64_t> found;
  for (const auto& trial : trials) found.push_back(trial.number.value);
  return found;
}

TEST(BestConfigurations, AreTheBestOnesEachOnceTheEarliestFirstOnTies) {
  const std::vector<tune::FrozenTrial> trials = {trial(0, 0.01, 0.5), trial(1, 0.02, 0.9), trial(2, 0.03, 0.9),
                                                 trial(3, 0.02, 0.8), trial(4, 0.04, 0.7)};
  EXPECT_EQ(numbers(best_configurations(trials, tune::Direction::kMaximize, 3)),
            (std::vector<std::int64_t>{1, 2, 4}));
  EXPECT_EQ(numbers(best_configurations(trials, tune::Direction::kMinimize, 2)),
            (std::vector<std::int64_t>{0, 4}));
  EXPECT_EQ(best_configurations(trials, tune::Direction::kMinimize, 9).size(), 4U);
}

TEST(BestConfigurations, LeaveOutWhatHasNoValueOrViolatesAConstraint) {
  auto pruned = trial(0, 0.01, 0.9);
  pruned.state = tune::TrialState::kPruned;
  auto infeasible = trial(1, 0.02, 0.9);
  infeasible.system_attrs["constraints:memory_limit"] = "0.5";
  EXPECT_EQ(
      numbers(best_configurations({pruned, infeasible, trial(2, 0.03, 0.1)}, tune::Direction::kMaximize, 3)),
      std::vector<std::int64_t>{2});
}

TEST(ConfirmingStudyFile, ListsTheTrialsAndSearchesNothing) {
  const auto text =
      confirming_study_file(kStudy, 4, "s-confirm", {trial(1, 0.02, 0.9), trial(5, 0.03, 0.8)}, 6);
  const StudyConfig config = parse_study_text(text, "made", known_manifests());
  EXPECT_EQ(config.name, "s-confirm");
  EXPECT_EQ(config.sampler.type, "none");
  EXPECT_EQ(config.pruner.type, "nop");
  EXPECT_EQ(config.replicates, 6);
  ASSERT_EQ(config.points.size(), 2U);
  EXPECT_EQ(config.points[1].at("lr"), tune::ParamValue(0.03));
  EXPECT_EQ(config.training_seed, config.sampler.seed);
  EXPECT_FALSE(config.storage.has_value());
  EXPECT_FALSE(config.limits.stagnation.has_value());
  EXPECT_EQ(config.limits.max_trial_memory_mib, 100);
  EXPECT_EQ(config.objective.settings.get_int("epochs"), 7);
  EXPECT_EQ(config.fixed.size(), 1U);
}

TEST(ConfirmingStudyFile, TakesTrialsFromBeforeARangeBecameNarrower) {
  const std::string narrow = R"({"name": "s", "objective": {"type": "fmnist"},
    "objectives": [{"metric": "validation_accuracy", "direction": "maximize"}],
    "space": {"lr": {"type": "float", "low": 0.03, "high": 0.04, "step": 0.01}}})";
  const auto text =
      confirming_study_file(narrow, 4, "s-confirm", {trial(1, 0.025, 0.9), trial(2, 0.07, 0.8)}, 2);
  const StudyConfig config = parse_study_text(text, "made", known_manifests());
  ASSERT_EQ(config.points.size(), 2U);
  EXPECT_EQ(config.points[0].at("lr"), tune::ParamValue(0.025));
  EXPECT_EQ(config.points[1].at("lr"), tune::ParamValue(0.07));
}

TEST(ConfirmingStudyFile, HasASeedOfItsOwnThatFollowsFromTheStudy) {
  const auto seed = [](std::uint64_t of_study, const std::string& name) {
    const auto text = confirming_study_file(kStudy, of_study, name, {trial(1, 0.02, 0.9)}, 2);
    return parse_study_text(text, "made", known_manifests()).training_seed.value();
  };
  EXPECT_EQ(seed(4, "s-confirm"), seed(4, "s-confirm"));
  EXPECT_NE(seed(4, "s-confirm"), 4U);
  EXPECT_NE(seed(4, "s-confirm"), seed(5, "s-confirm"));
  EXPECT_NE(seed(4, "s-confirm"), seed(4, "s-again"));
}

TEST(ConfirmedBy, GivesBackWhatWasKept) {
  tune::StudyRecord study;
  EXPECT_FALSE(confirmed_by(study).has_value());
  study.system_attrs = confirming_attributes({"s", {7, 2}, 5});
  const auto kept = confirmed_by(study);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->study, "s");
  EXPECT_EQ(kept->trials, (std::vector<std::int64_t>{7, 2}));
  EXPECT_EQ(kept->top, 5);
  for (const char* broken :
       {"1", "{}", R"({"study": 1, "trials": []})", R"({"study": "s", "trials": ["a"]})"}) {
    study.system_attrs[kConfirmsKey] = broken;
    EXPECT_FALSE(confirmed_by(study).has_value()) << broken;
  }
}

TEST(ReplicatesByPoint, AreFoundByPointAndNumber) {
  auto one = trial(3, 0.02, 0.9);
  one.system_attrs["tune:point"] = "1";
  auto enqueued = trial(4, 0.02, 0.8);
  auto beyond = trial(5, 0.02, 0.7);
  beyond.system_attrs["tune:point"] = "2";
  auto failed = trial(2, 0.02, 0.6);
  failed.system_attrs["tune:point"] = "1";
  failed.state = tune::TrialState::kFail;
  const auto found = replicates_by_point({failed, one, enqueued, beyond}, 2, 2);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].empty());
  EXPECT_EQ(found[1], (Replicates{{1, 0.9}}));
}

}  // namespace
}  // namespace fmnist_tune
