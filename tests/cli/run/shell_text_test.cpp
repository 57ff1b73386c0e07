#include "cli/shell_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace fmnist_tune {
namespace {

/// What a shell makes of the one word.
std::string read_by_shell(const std::string& quoted) {
  FILE* shell = popen(("printf %s " + quoted).c_str(), "r");
  std::string text;
  std::array<char, 256> buffer{};
  for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), shell)) > 0;)
    text.append(buffer.data(), n);
  EXPECT_EQ(pclose(shell), 0);
  return text;
}

TEST(ShellText, LeavesPlainWordsAlone) {
  EXPECT_EQ(shell_text({"fmnist-tune", "studies/mlp.json", "--devices=cuda:0,cuda:1"}),
            "fmnist-tune studies/mlp.json --devices=cuda:0,cuda:1");
}

TEST(ShellText, IsReadBackByAShellAsItWas) {
  for (const std::string word : {"two words", "it's", "$HOME", "`id`", "a;b", "*", "~", "#", "\"", "\\", "a\nb",
                                 "é", "'", "!", "&", "x>y"}) {
    EXPECT_EQ(read_by_shell(shell_quoted(word)), word);
  }
  EXPECT_EQ(shell_quoted(""), "''");
}

TEST(ShellText, APathThatLooksLikeAnOptionIsNone) {
  EXPECT_EQ(shell_path("-rf.db"), "./-rf.db");
  EXPECT_EQ(shell_path("- x.db"), "'./- x.db'");
  EXPECT_EQ(shell_path("my study.db"), "'my study.db'");
}

}  // namespace
}  // namespace fmnist_tune
