#include "command/trial_log.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/temporary_folder.hpp"
#include "tune/error.hpp"

namespace command {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(TrialLog, KeepsTheAttemptsAtATrialOneAfterTheOther) {
  const tune::testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "a" / "b" / "3.log";
  for (const char* text : {"first", "second\n"}) {
    TrialLog log(path, 1000);
    log.write(text);
    log.note("exited");
  }
  const std::string text = text_of(path);
  EXPECT_TRUE(text.starts_with("first\n# 20")) << text;
  EXPECT_NE(text.find("Z exited\nsecond\n# 20"), std::string::npos) << text;
}

TEST(TrialLog, LeavesOutWhatIsBeyondItsLimitAndSaysSo) {
  const tune::testing::TemporaryFolder folder;
  const fs::path path = folder.path() / "3.log";
  {
    TrialLog log(path, 10);
    log.write("123456");
    log.write("78901234");
    log.write("more");
    log.note("exited");
  }
  const std::string text = text_of(path);
  EXPECT_TRUE(text.starts_with("1234567890\n# ")) << text;
  EXPECT_NE(text.find("log_mib"), std::string::npos) << text;
  EXPECT_NE(text.find("exited"), std::string::npos) << text;
  EXPECT_EQ(text.find("more"), std::string::npos) << text;
}

TEST(TrialLog, IsNotKeptWithoutAPathOrRoom) {
  const tune::testing::TemporaryFolder folder;
  TrialLog nowhere({}, 1000);
  nowhere.write("text");
  TrialLog nothing(folder.path() / "3.log", 0);
  nothing.write("text");
  nothing.note("text");
  EXPECT_TRUE(nothing.path().empty());
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(TrialLog, CannotBeBegunWhereNoFileCanBe) {
  const tune::testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  EXPECT_THROW(TrialLog(folder.path() / "file" / "3.log", 1000), tune::Error);
}

TEST(TrialLog, EndsWhereItCannotBeWrittenAndRemembersWhy) {
  TrialLog full("/dev/full", 1000);
  EXPECT_EQ(full.problem(), "");
  full.write("text");
  full.note("exited");
  EXPECT_EQ(full.problem(), "cannot write the log /dev/full: No space left on device");
}

}  // namespace
}  // namespace command
