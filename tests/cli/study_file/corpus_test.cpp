#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/study_file/module_manifest.hpp"
#include "cli/study_file/schema.hpp"
#include "cli/study_file/study_config.hpp"
#include "command/manifest.hpp"
#include "fmnist/manifest.hpp"
#include "test_manifest.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/samplers/registry.hpp"

namespace fmnist_tune::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(TUNE_TEST_DATA_DIR) / "studies";
/// As the program knows them.
Manifests all_manifests() {
  return {&fmnist::manifest(), &command::manifest(), &open_module_manifest()};
}

const fs::path kStudies = fs::path(TUNE_SOURCE_DIR) / "studies";

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool is_study = entry.path().extension() == ".json" && entry.path().filename() != "study.schema.json";
    if (is_study) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string text_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  EXPECT_TRUE(stream) << path;
  return text.str();
}

std::string complaints_about(const fs::path& path) {
  try {
    (void)parse_study_text(text_of(path), path.filename().string(),
                           {&test_manifest(), &command::manifest(), &open_module_manifest()});
    return "";
  } catch (const StudyFileError& error) {
    return std::string(error.what()) + "\n";
  }
}

TEST(StudyFileCorpus, EveryGoodFileIsAccepted) {
  const auto files = files_in(kCorpus / "good");
  ASSERT_GE(files.size(), 5u);
  for (const fs::path& path : files) EXPECT_EQ(complaints_about(path), "");
}

TEST(StudyFileCorpus, EveryBadFileGetsExactlyItsComplaints) {
  const auto files = files_in(kCorpus / "bad");
  ASSERT_GE(files.size(), 20u);
  for (const fs::path& path : files) {
    fs::path expected = path;
    expected.replace_extension(".expected.txt");
    EXPECT_EQ(complaints_about(path), text_of(expected)) << path;
  }
}

TEST(StudyFileCorpus, EveryStudyOfTheRepositoryFitsTheRealObjective) {
  const auto files = files_in(kStudies);
  ASSERT_FALSE(files.empty());
  for (const fs::path& path : files) {
    EXPECT_NO_THROW((void)read_study_file(path, all_manifests())) << path;
  }
}

/// Names that the manual must show in code quotes.
std::vector<std::string> all_names() {
  const auto& manifest = fmnist::manifest();
  const auto schema = nlohmann::json::parse(study_schema(all_manifests()));
  std::vector<std::string> names;
  for (const auto& [key, value] : schema["properties"].items()) names.push_back(key);
  for (const auto& [key, value] : schema["properties"]["limits"]["properties"].items()) names.push_back(key);
  const auto add = [&names](const std::vector<tune::OptionSpec>& specs) {
    for (const auto& spec : specs) names.push_back(spec.name);
  };
  add(manifest.parameters);
  add(manifest.settings);
  add(command::manifest().settings);
  for (const auto& metric : manifest.metrics) names.push_back(metric.name);
  for (const auto& entry : tune::sampler_registry()) {
    names.push_back(entry.name);
    add(entry.options);
  }
  for (const auto& entry : tune::pruner_registry()) {
    names.push_back(entry.name);
    add(entry.options);
  }
  return names;
}

TEST(StudyManual, ExplainsEveryKey) {
  const std::string manual = text_of(kStudies / "README.md");
  for (const std::string& name : all_names()) {
    EXPECT_NE(manual.find("`" + name + "`"), std::string::npos) << name;
  }
}

TEST(StudySchema, IsTheOneInTheRepository) {
  EXPECT_EQ(study_schema(all_manifests()), text_of(kStudies / "study.schema.json"))
      << "write it anew: study_file_check --manifest fmnist --schema > studies/study.schema.json";
}

}  // namespace
}  // namespace fmnist_tune::testing
