// What must hold of the repository as a whole: nothing in tests/ is forgotten, nothing names this machine.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace tune::architecture {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = TUNE_SOURCE_DIR;

std::string read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

bool is_one_of(const std::string& text, const std::vector<std::string>& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

/// Files below `folder`, relative to the top, without what is built or fetched.
std::vector<std::string> files_below(const fs::path& folder) {
  static const std::vector<std::string> kNotOurs = {".git", ".venv", "__pycache__", "build"};
  std::vector<std::string> files;
  for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
    if (is_one_of(it->path().filename().string(), kNotOurs)) {
      it.disable_recursion_pending();  // In a linked work tree .git is a file.
    } else if (it->is_regular_file()) {
      files.push_back(fs::relative(it->path(), kRoot).generic_string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Folders of tests/ that this build leaves out by its options, and the projects that the package tests
/// compile.
std::vector<std::string> folders_not_in_this_build() {
  std::vector<std::string> folders = {"tests/package/"};
  if (!TUNE_TESTS_WITH_FMNIST)
    folders.insert(folders.end(), {"tests/train/", "tests/gpu/", "tests/integration/"});
  if (!TUNE_TESTS_WITH_CLI) folders.insert(folders.end(), {"tests/cli/", "tests/integration/"});
  if (!TUNE_TESTS_WITH_BENCHMARKS) folders.emplace_back("tests/bench/");
  return folders;
}

std::set<std::string> compiled_files() {
  std::set<std::string> files;
  std::ifstream stream(fs::path(TUNE_BINARY_DIR) / "compile_commands.json");
  for (const auto& command : nlohmann::json::parse(stream)) {
    files.insert(fs::relative(command.at("file").get<std::string>(), kRoot).generic_string());
  }
  return files;
}

/// What ctest reads: a command for each test.
std::string registered_tests() {
  std::string commands;
  for (const auto& entry : fs::recursive_directory_iterator(TUNE_BINARY_DIR)) {
    if (entry.path().filename() == "CTestTestfile.cmake") commands += read_text(entry.path());
  }
  return commands;
}

TEST(Repository, EveryTestSourceIsCompiled) {
  const auto compiled = compiled_files();
  const auto left_out = folders_not_in_this_build();
  for (const std::string& file : files_below(kRoot / "tests")) {
    const bool exempt = std::any_of(left_out.begin(), left_out.end(),
                                    [&](const std::string& folder) { return file.starts_with(folder); });
    if (!exempt && file.ends_with(".cpp")) {
      EXPECT_TRUE(compiled.contains(file)) << file << " is in no test program";
    }
  }
}

/// What `text` runs or, as Python, imports.
bool uses(const std::string& text, const fs::path& script) {
  const std::string module = script.stem().string();
  return text.find(script.filename().string()) != std::string::npos ||
         text.find("import " + module) != std::string::npos ||
         text.find("from " + module + " import ") != std::string::npos;
}

TEST(Repository, EveryTestScriptIsRunByATest) {
  std::vector<std::string> users = {registered_tests()};
  std::set<std::string> unused;
  for (const std::string& file : files_below(kRoot / "tests")) {
    if (file.ends_with(".cpp")) users.push_back(read_text(kRoot / file));
    if (file.ends_with(".py") || file.ends_with(".sh")) unused.insert(file);
  }
  while (!users.empty()) {
    const std::string user = std::move(users.back());
    users.pop_back();
    std::erase_if(unused, [&](const std::string& file) {
      const bool is_used = uses(user, file);
      if (is_used) users.push_back(read_text(kRoot / file));
      return is_used;
    });
  }
  for (const std::string& file : unused) ADD_FAILURE() << file << " is run by no test";
}

TEST(Repository, NoFileNamesThisMachine) {
  // Written in two halves so that this file does not complain about itself.
  const std::regex machine_path(
      "(^|[^A-Za-z0-9_.$}])/"
      "(work|root|home/[a-z]+|tmp/venv|tmp/build)/");
  static const std::vector<std::string> kText = {".cpp",  ".hpp", ".cmake", ".md", ".txt", ".py",
                                                 ".json", ".sh",  ".yml",   ".in", ""};
  for (const std::string& file : files_below(kRoot)) {
    if (!is_one_of(fs::path(file).extension().string(), kText) || file.starts_with("tests/data/")) continue;
    const std::string text = read_text(kRoot / file);
    std::smatch match;
    EXPECT_FALSE(std::regex_search(text, match, machine_path)) << file << " names " << match.str();
  }
}

TEST(Repository, EveryFolderOfSourcesHasItsManual) {
  for (const char* folder : {".", "include/tune", "src", "studies", "tests", "tools"}) {
    EXPECT_TRUE(fs::is_regular_file(kRoot / folder / "README.md")) << folder;
  }
}

}  // namespace
}  // namespace tune::architecture
