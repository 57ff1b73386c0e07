#include "cli/study_file/differences.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "test_manifest.hpp"

namespace fmnist_tune::testing {
namespace {

using Json = nlohmann::ordered_json;
using Sentences = std::vector<std::string>;

Json base() {
  return Json::parse(R"({
    "name": "s",
    "objectives": [{"metric": "accuracy", "direction": "maximize"}],
    "objective": {"type": "toy", "epochs": 3},
    "sampler": {"type": "tpe", "seed": 1},
    "pruner": {"type": "median"},
    "space": {
      "lr": {"type": "float", "low": 0.001, "high": 0.1, "log": true},
      "optimizer": {"type": "categorical", "choices": ["sgd", "adam"]},
      "momentum": {"type": "float", "low": 0.0, "high": 0.9, "when": {"optimizer": ["sgd"]}},
      "depth": {"type": "int", "low": 1, "high": 3},
      "width": {"type": "int", "low": 8, "high": 64, "repeat": "depth"}
    },
    "fixed": {"batch_size": 32},
    "points": [{"lr": 0.01}]
  })");
}

/// What comes of changing the value at a JSON pointer.
Differences after(const std::string& pointer, const Json& value) {
  Json changed = base();
  changed[Json::json_pointer(pointer)] = value;
  const Manifests manifests{&test_manifest()};
  return differences(parse_study_text(base().dump(), "stored", manifests),
                     parse_study_text(changed.dump(), "now", manifests));
}

Differences after_erasing(const std::string& parent, const std::string& key) {
  Json changed = base();
  changed[Json::json_pointer(parent)].erase(key);
  const Manifests manifests{&test_manifest()};
  return differences(parse_study_text(base().dump(), "stored", manifests),
                     parse_study_text(changed.dump(), "now", manifests));
}

void expect_refused(const Differences& found, const Sentences& sentences) {
  EXPECT_EQ(found.refused, sentences);
  EXPECT_EQ(found.accepted, Sentences{});
}

void expect_accepted(const Differences& found, const Sentences& sentences) {
  EXPECT_EQ(found.accepted, sentences);
  EXPECT_EQ(found.refused, Sentences{});
}

TEST(StudyFileDifferences, AreNoneForTheSameFile) {
  expect_accepted(after("/name", "s"), {});
}

TEST(StudyFileDifferences, IgnoreTheStorage) {
  expect_accepted(after("/storage", "other.db"), {});
}

TEST(StudyFileDifferences, RefuseOtherConstraints) {
  expect_refused(after("/constraints", Json::parse(R"([{"metric": "seconds", "at_most": 60}])")),
                 {"constraints: none is now seconds at most 60"});
}

TEST(StudyFileDifferences, AcceptAnotherRange) {
  expect_accepted(after("/space/lr/high", 0.5), {"space/lr: from 0.001 to 0.1 is now from 0.001 to 0.5"});
}

TEST(StudyFileDifferences, AcceptMoreLayersThatFollowFromARange) {
  expect_accepted(after("/space/depth/high", 5), {"space/depth: from 1 to 3 is now from 1 to 5"});
  expect_accepted(after("/space/depth/high", 2), {"space/depth: from 1 to 3 is now from 1 to 2"});
}

TEST(StudyFileDifferences, AcceptAnotherSamplerAndPruner) {
  expect_accepted(after("/sampler", {{"type", "random"}, {"seed", 2}}),
                  {"sampler: tpe is now random", "sampler/seed: 1 is now 2"});
  expect_accepted(after("/pruner/n_warmup_steps", 4), {"pruner: median is now median, n_warmup_steps 4"});
}

TEST(StudyFileDifferences, AcceptLimits) {
  expect_accepted(after("/limits", {{"failures_in_row", 4}}), {"limits/failures_in_row: none is now 4"});
  expect_accepted(after("/limits", {{"max_trial_memory_mib", 64}, {"max_epoch_gflops", 0.5}}),
                  {"limits/max_trial_memory_mib: none is now 64", "limits/max_epoch_gflops: none is now 0.5"});
}

TEST(StudyFileDifferences, AcceptFurtherPointsButNotOthers) {
  expect_accepted(after("/points/1", {{"lr", 0.1}}), {"points: 1 more"});
  expect_refused(after("/points/0/lr", 0.1), {"points: the first ones are no longer those of the study"});
}

TEST(StudyFileDifferences, RefuseOtherChoices) {
  expect_refused(after("/space/optimizer/choices/2", "rmsprop"),
                 {"space/optimizer/choices: \"sgd\" or \"adam\" is now \"sgd\", \"adam\" or \"rmsprop\""});
}

TEST(StudyFileDifferences, RefuseAnotherLog) {
  expect_refused(after("/space/lr/log", false), {"space/lr/log: true is now false"});
}

TEST(StudyFileDifferences, RefuseAnotherKind) {
  expect_refused(after("/space/lr", {{"type", "categorical"}, {"choices", {0.01}}}),
                 {
                     "space/lr/type: float is now categorical",
                 });
}

TEST(StudyFileDifferences, RefuseOtherConditions) {
  expect_refused(after("/space/momentum/when/optimizer/0", "adam"),
                 {"space/momentum exists: when optimizer is \"sgd\" is now when optimizer is \"adam\""});
}

TEST(StudyFileDifferences, RefuseParametersThatCameOrWent) {
  expect_refused(after("/space/batch_norm", {{"type", "categorical"}, {"choices", {true}}}),
                 {"space/batch_norm: was not searched before"});
  expect_refused(after_erasing("/space", "momentum"), {"space/momentum: is no longer searched"});
}

TEST(StudyFileDifferences, RefuseOtherObjectivesAndSettings) {
  expect_refused(after("/objectives/0/direction", "minimize"),
                 {"objectives: maximize accuracy is now minimize accuracy"});
  expect_refused(after("/objective/epochs", 4), {"objective/epochs: 3 is now 4"});
  expect_refused(after("/objective/dataset", "x"), {"objective/dataset: \"toy-set\" is now \"x\""});
}

TEST(StudyFileDifferences, AreNoneForADefaultThatIsSpelledOut) {
  expect_accepted(after("/objective/dataset", "toy-set"), {});
}

TEST(StudyFileDifferences, RefuseOtherFixedValuesReplicatesAndTrainingSeeds) {
  expect_refused(after("/fixed/batch_size", 64), {"fixed/batch_size: 32 is now 64"});
  expect_refused(after("/fixed/tag", "x"), {"fixed/tag: none is now \"x\""});
  expect_refused(after("/replicates", 2), {"replicates: 1 is now 2"});
  expect_refused(after("/training_seed", 2), {"training_seed: none is now 2"});
}

}  // namespace
}  // namespace fmnist_tune::testing
