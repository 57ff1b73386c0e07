#include "command/program_facts.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.hpp"
#include "tune/error.hpp"

namespace command {
namespace {

namespace fs = std::filesystem;

std::string complaint(const std::string& name, const fs::path& folder) {
  try {
    static_cast<void>(find_program(name, folder));
  } catch (const tune::Error& error) {
    return error.what();
  }
  return "";
}

TEST(FindProgram, LooksForNamesInTheSearchPathAndForPathsInTheFolder) {
  EXPECT_TRUE(find_program("sh", "/usr").is_absolute());
  EXPECT_EQ(find_program("bin/sh", "/"), "/bin/sh");
  EXPECT_EQ(find_program("/bin/sh", "/nowhere"), "/bin/sh");
}

TEST(FindProgram, SaysWhatToDoAboutAMissingProgram) {
  const tune::testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "plain.py") << "print(1)\n";
  EXPECT_NE(complaint("no-such-program", folder.path()).find("PATH"), std::string::npos);
  EXPECT_NE(complaint("plain.py", folder.path()).find("./plain.py"), std::string::npos);
  EXPECT_NE(complaint("./absent", folder.path()).find("not there"), std::string::npos);
  EXPECT_NE(complaint("./plain.py", folder.path()).find("chmod"), std::string::npos);
  EXPECT_NE(complaint("/tmp/", folder.path()).find("may be run"), std::string::npos);
}

TEST(ProgramFacts, HoldChecksumsOfTheFilesThatTheCommandNames) {
  const tune::testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "train.py") << "123456789";
  const auto facts =
      program_facts("/usr/bin/python3", {"python3", "train.py", "{lr}", "absent", "."}, folder.path(), {"cpu"});
  EXPECT_EQ(facts.at("program"), "\"/usr/bin/python3\"");
  EXPECT_EQ(facts.at("files"), "{\"train.py\":\"cbf43926\"}");  // The check value of CRC-32.
  EXPECT_EQ(facts.at("engines"), "{\"cpu\":\"command\"}");
}

}  // namespace
}  // namespace command
