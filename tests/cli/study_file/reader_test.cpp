#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "cli/study_file/study_config.hpp"
#include "test_manifest.hpp"

namespace fmnist_tune::testing {
namespace {

const std::filesystem::path kGood = std::filesystem::path(TUNE_TEST_DATA_DIR) / "studies" / "good";

StudyConfig read_good(const std::string& name) {
  return read_study_file(kGood / name, {&test_manifest()});
}

/// A study file with these lines besides the keys that every file needs.
std::string study(const std::string& rest) {
  return "{\n\"name\": \"s\", \"objective\": {\"type\": \"toy\"},\n"
         "\"objectives\": [{\"metric\": \"accuracy\", \"direction\": \"maximize\"}],\n" +
         rest + "\n}";
}

StudyConfig parse(const std::string& text) {
  return parse_study_text(text, "s.json", {&test_manifest()});
}

std::vector<Complaint> complaints(const std::string& text) {
  try {
    (void)parse(text);
  } catch (const StudyFileError& error) {
    return error.complaints();
  }
  return {};
}

TEST(StudyFile, GivesEveryKeyOfTheFile) {
  const StudyConfig config = read_good("full.json");
  EXPECT_EQ(config.name, "everything at once");
  ASSERT_EQ(config.objectives.size(), 1u);
  EXPECT_EQ(config.objectives[0].metric, "accuracy");
  EXPECT_EQ(config.objectives[0].direction, tune::Direction::kMaximize);
  EXPECT_EQ(config.sampler.type, "tpe");
  EXPECT_EQ(config.sampler.seed, 18446744073709551615u);
  EXPECT_EQ(config.sampler.options, (GivenOptions{{"n_startup_trials", std::int64_t{5}}}));
  EXPECT_EQ(config.pruner.type, "median");
  EXPECT_EQ(config.pruner.options.size(), 2u);
  EXPECT_EQ(config.objective.type, "toy");
  EXPECT_EQ(config.objective.settings.get_int("epochs"), 3);
  EXPECT_EQ(config.objective.settings.get_string("dataset"), "other");
  EXPECT_EQ(config.fixed.at("tag"), tune::ParamValue(std::string("naïve é \"quoted\" / 漢字")));
  EXPECT_EQ(config.replicates, 3);
  EXPECT_EQ(config.training_seed, 7u);
  EXPECT_EQ(config.limits.failures_in_row, 20);
  EXPECT_EQ(config.storage, "results/all.db");
}

TEST(StudyFile, PutsParentsBeforeTheirChildrenAndElseKeepsTheOrder) {
  std::vector<std::string> names;
  const StudyConfig config = read_good("full.json");
  for (const auto& declaration : config.space.parameters()) names.push_back(declaration.name);
  EXPECT_EQ(names, (std::vector<std::string>{"optimizer", "momentum", "depth", "width_l0", "width_l1",
                                             "width_l2", "lr", "batch_size", "batch_norm", "dropout_l1"}));
}

TEST(StudyFile, ReadsDistributionsAsWritten) {
  const StudyConfig config = read_good("full.json");
  const auto distribution = [&](const char* name) { return config.space.find(name)->distribution; };
  EXPECT_EQ(distribution("momentum"), tune::Distribution(tune::FloatDistribution{0.0, 0.9, false, 0.3}));
  EXPECT_EQ(distribution("lr"), tune::Distribution(tune::FloatDistribution{1e-5, 1e-1, true, {}}));
  EXPECT_EQ(distribution("width_l2"), tune::Distribution(tune::IntDistribution{8, 512, true, 1}));
  EXPECT_EQ(distribution("batch_size"), tune::Distribution(tune::IntDistribution{16, 128, false, 16}));
  EXPECT_EQ(distribution("batch_norm"), tune::Distribution(tune::CategoricalDistribution{{true, false}}));
}

TEST(StudyFile, MakesConditionsOfRepeatAndWhen) {
  const StudyConfig config = read_good("full.json");
  const auto* momentum = config.space.find("momentum");
  EXPECT_TRUE(tune::SearchSpace::is_active(*momentum, {{"optimizer", std::string("rmsprop")}}));
  EXPECT_FALSE(tune::SearchSpace::is_active(*momentum, {{"optimizer", std::string("adam")}}));
  const auto* width = config.space.find("width_l2");
  EXPECT_TRUE(tune::SearchSpace::is_active(*width, {{"depth", std::int64_t{3}}}));
  EXPECT_FALSE(tune::SearchSpace::is_active(*width, {{"depth", std::int64_t{2}}}));
}

TEST(StudyFile, TakesParentsFromFixedValuesAndDefaults) {
  const StudyConfig config = read_good("parents_outside_the_space.json");
  ASSERT_EQ(config.space.parameters().size(), 5u);
  for (const auto& declaration : config.space.parameters()) EXPECT_TRUE(declaration.conditions.empty());
  EXPECT_NE(config.space.find("width_l2"), nullptr);
  EXPECT_NE(config.space.find("momentum"), nullptr);
}

TEST(StudyFile, GivesNumbersTheKindOfTheirParameter) {
  const StudyConfig config = parse(
      study("\"space\": {\"lr\": {\"type\": \"categorical\", \"choices\": [1, 0.5]}, "
            "\"batch_size\": {\"type\": \"categorical\", \"choices\": [16.0]}}, \"fixed\": {\"dropout\": 0}, "
            "\"points\": [{\"lr\": 1, \"batch_size\": 16.0}, {\"lr\": 1.0, \"batch_size\": 16}]"));
  EXPECT_EQ(config.points.at(0).at("batch_size"), tune::ParamValue(std::int64_t{16}));
  EXPECT_EQ(config.points.at(0).at("lr"), tune::ParamValue(1.0));
  EXPECT_EQ(config.points.at(1), config.points.at(0));
  const auto& lr = std::get<tune::CategoricalDistribution>(config.space.find("lr")->distribution);
  EXPECT_TRUE(std::holds_alternative<double>(lr.choices[0]));
  const auto& batch = std::get<tune::CategoricalDistribution>(config.space.find("batch_size")->distribution);
  EXPECT_TRUE(std::holds_alternative<std::int64_t>(batch.choices[0]));
  EXPECT_TRUE(std::holds_alternative<double>(config.fixed.at("dropout")));
}

TEST(StudyFile, ReadsPoints) {
  const StudyConfig config = read_good("full.json");
  ASSERT_EQ(config.points.size(), 3u);
  EXPECT_EQ(config.points[0].at("momentum"), tune::ParamValue(0.6));
  EXPECT_EQ(config.points[0].at("width_l1"), tune::ParamValue(std::int64_t{32}));
  EXPECT_EQ(config.points[1].size(), 2u);
  EXPECT_TRUE(config.points[2].empty());
}

TEST(StudyFile, ChoosesItsOwnSamplerAndTheMedianPrunerWhereItCanWork) {
  const StudyConfig one = read_good("smallest.json");
  EXPECT_EQ(one.sampler.type, "gp_tpe");
  EXPECT_EQ(one.pruner.type, "median");
  const StudyConfig unreported = parse(
      "{\"name\": \"s\", \"objective\": {\"type\": \"toy\"}, \"space\": {}, "
      "\"objectives\": [{\"metric\": \"seconds\", \"direction\": \"minimize\"}]}");
  EXPECT_EQ(unreported.pruner.type, "nop");
  const StudyConfig several = parse(
      "{\"name\": \"s\", \"objective\": {\"type\": \"toy\"}, \"space\": {}, \"objectives\": "
      "[{\"metric\": \"accuracy\", \"direction\": \"maximize\"}, "
      "{\"metric\": \"seconds\", \"direction\": \"minimize\"}]}");
  EXPECT_EQ(several.pruner.type, "nop");
}

TEST(StudyFile, FillsInTheDefaultsOfTheObjective) {
  const StudyConfig config = read_good("smallest.json");
  EXPECT_EQ(config.objective.settings.get_int("epochs"), 10);
  EXPECT_EQ(config.objective.settings.get_string("dataset"), "toy-set");
}

TEST(StudyFile, KeepsItsTextOnOneLineAndReadsItAgain) {
  const StudyConfig config = read_good("full.json");
  EXPECT_EQ(config.text.find('\n'), std::string::npos);
  EXPECT_EQ(config.text.find("$schema"), std::string::npos);
  const StudyConfig again = parse(config.text);
  EXPECT_EQ(again.text, config.text);
  EXPECT_EQ(again.sampler.seed, config.sampler.seed);
  EXPECT_EQ(again.points, config.points);
  EXPECT_EQ(again.fixed, config.fixed);
}

TEST(StudyFile, CountsColumnsInCharactersNotBytes) {
  const auto found =
      complaints(study("\"space\": {\"tag\": {\"type\": \"categorical\", \"choices\": [\"漢字é\", 3]}}"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].line, 4u);
  EXPECT_EQ(found[0].column, 61u);
}

TEST(StudyFile, EscapesPointers) {
  const auto found = complaints(study("\"space\": {\"a/b~c\": {}}"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pointer, "/space/a~1b~0c");
}

TEST(StudyFile, PrintsAComplaintWithFileLineColumnPointerExpectedAndFound) {
  try {
    (void)parse(study("\"space\": {\"lr\": {\"type\": \"float\", \"low\": 2, \"high\": 1}}"));
    FAIL() << "low > high was accepted";
  } catch (const StudyFileError& error) {
    EXPECT_STREQ(error.what(), "s.json:4:53: /space/lr/high: expected at least low, which is 2.0, found 1");
  }
}

TEST(StudyFile, SaysWhyAFileCannotBeRead) {
  const auto message = [](const std::filesystem::path& path) -> std::string {
    try {
      (void)read_study_file(path, {&test_manifest()});
    } catch (const StudyFileError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message("no/such.json"),
            "no/such.json: expected a readable study file, found No such file or directory");
  const std::string folder = kGood.string();
  EXPECT_EQ(message(kGood), folder + ": expected a readable study file, found a folder");
}

TEST(StudyFile, RefusesATextThatIsTooLong) {
  const auto found = complaints(std::string((std::size_t{1} << 20) + 1, ' '));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].expected, "at most 1048576 bytes");
}

TEST(StudyFile, StopsComplainingAfterAThousandMistakes) {
  std::string points;
  for (int i = 0; i < 5000; ++i) points += std::string(i == 0 ? "" : ",") + "{\"q\":1}";
  EXPECT_EQ(complaints(study("\"space\": {}, \"points\": [" + points + "]")).size(), 1000u);
}

}  // namespace
}  // namespace fmnist_tune::testing
