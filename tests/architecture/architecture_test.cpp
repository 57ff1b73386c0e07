#include <gtest/gtest.h>

#include "architecture/include_graph.hpp"

namespace tune::architecture {
namespace {

std::vector<SourceFile> all_sources() {
  std::vector<SourceFile> files;
  for (const char* folder : {"include", "src"}) {
    const auto part = read_sources(TUNE_SOURCE_DIR, folder);
    files.insert(files.end(), part.begin(), part.end());
  }
  return files;
}

std::string joined(const Complaints& complaints) {
  std::string text;
  for (const std::string& complaint : complaints) text += complaint + "\n";
  return text;
}

TEST(Architecture, FindsTheSources) {
  const auto files = all_sources();
  EXPECT_GT(files.size(), 30U);
  EXPECT_EQ(files.front().path.rfind("include/tune/", 0), 0U);
}

TEST(Architecture, PublicHeadersNeedNothingButTheStandardLibrary) {
  EXPECT_EQ(joined(foreign_includes_in_public_headers(all_sources())), "");
}

TEST(Architecture, IncludesFollowTheLayers) {
  EXPECT_EQ(joined(includes_against_the_layers(all_sources())), "");
}

TEST(Architecture, TheLibraryKnowsNeitherTheProgramNorTheObjective) {
  EXPECT_EQ(joined(library_includes_of_programs(all_sources())), "");
}

TEST(Architecture, OnlyTheObjectiveIncludesLibTorch) {
  EXPECT_EQ(joined(torch_includes_outside_fmnist(all_sources())), "");
}

TEST(IncludeLines, AreReadInBothForms) {
  const auto names = include_names("#include <a/b.h>\n  #  include \"c.hpp\"\n// #include <d>\nint include;\n");
  EXPECT_EQ(names, (std::vector<std::string>{"a/b.h", "c.hpp"}));
}

TEST(ArchitectureRules, ComplainAboutABoostHeaderInAPublicHeader) {
  EXPECT_EQ(foreign_includes_in_public_headers({{"include/tune/study.hpp", {"boost/asio.hpp"}}}).size(), 1U);
  EXPECT_TRUE(foreign_includes_in_public_headers({{"src/tune/study.cpp", {"boost/asio.hpp"}}}).empty());
}

TEST(ArchitectureRules, ComplainAboutASamplerThatSeesAStorage) {
  EXPECT_EQ(includes_against_the_layers({{"src/tune/samplers/x.cpp", {"tune/storages/storage.hpp"}}}).size(),
            1U);
  EXPECT_TRUE(includes_against_the_layers({{"src/tune/samplers/x.cpp", {"tune/samplers/y.hpp"}}}).empty());
}

TEST(ArchitectureRules, ComplainAboutALowerLayerThatLooksUp) {
  EXPECT_EQ(includes_against_the_layers({{"include/tune/history.hpp", {"tune/pruners/pruner.hpp"}}}).size(),
            1U);
  EXPECT_EQ(includes_against_the_layers({{"src/tune/pruners/x.cpp", {"tune/study.hpp"}}}).size(), 1U);
  EXPECT_TRUE(includes_against_the_layers({{"src/tune/study.cpp", {"tune/pruners/pruner.hpp"}}}).empty());
}

TEST(ArchitectureRules, ComplainAboutALibraryFileThatIncludesTheProgram) {
  EXPECT_EQ(library_includes_of_programs({{"src/tune/study.cpp", {"cli/table.hpp"}}}).size(), 1U);
  EXPECT_EQ(library_includes_of_programs({{"src/tune/study.cpp", {"command/objective.hpp"}}}).size(), 1U);
  EXPECT_TRUE(library_includes_of_programs({{"src/cli/main.cpp", {"cli/table.hpp"}}}).empty());
}

TEST(ArchitectureRules, ComplainAboutLibTorchOutsideTheObjective) {
  EXPECT_EQ(torch_includes_outside_fmnist({{"src/cli/main.cpp", {"torch/torch.h"}}}).size(), 1U);
  EXPECT_TRUE(torch_includes_outside_fmnist({{"src/fmnist/trainer.cpp", {"torch/torch.h"}}}).empty());
}

}  // namespace
}  // namespace tune::architecture
