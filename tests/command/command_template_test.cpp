#include "command/command_template.hpp"

#include <gtest/gtest.h>

#include "tune/error.hpp"

namespace command {
namespace {

const Values kValues = {{"lr", "0.1"}, {"name with {odd", "x"}, {"width_l0", "16"}};

TEST(CommandTemplate, PutsValuesInThePlaceOfNames) {
  EXPECT_EQ(filled("--lr={lr}", kValues), "--lr=0.1");
  EXPECT_EQ(filled("{width_l0}{lr}", kValues), "160.1");
  EXPECT_EQ(filled("", kValues), "");
}

TEST(CommandTemplate, KeepsDoubledBracesAsSingleOnes) {
  EXPECT_EQ(filled("{{\"a\": {lr}}}", kValues), "{\"a\": 0.1}");
  EXPECT_EQ(filled("}}{{", kValues), "}{");
  EXPECT_EQ(filled("{{lr}}", kValues), "{lr}");
}

TEST(CommandTemplate, PassesEverythingElseOnAsItStands) {
  EXPECT_EQ(filled("$HOME; rm -rf * `x` \n \"", kValues), "$HOME; rm -rf * `x` \n \"");
}

TEST(CommandTemplate, LeavesAnArgumentOutThatNamesWhatATrialDoesNotHave) {
  EXPECT_EQ(filled("--momentum={momentum}", kValues), std::nullopt);
  EXPECT_EQ(filled(std::vector<std::string>{"a", "--m={momentum}", "{lr}"}, kValues),
            (std::vector<std::string>{"a", "0.1"}));
}

TEST(CommandTemplate, RefusesBracesWithoutPartners) {
  for (const char* text : {"{", "}", "{lr", "lr}", "{a{b}", "{}", "{{}", "{}}", "a{{{b"}) {
    EXPECT_THROW(static_cast<void>(pieces_of(text)), tune::InvalidArgument) << text;
  }
}

TEST(CommandTemplate, ComesBackFromItsText) {
  const std::vector<std::string> command = {"./a b", "", "\"quoted\" {lr}", "漢字"};
  EXPECT_EQ(command_from_json(to_json(command)), command);
  for (const char* text : {"", "[]", "{}", "[1]", "[\"a\"", "\"a\""}) {
    EXPECT_THROW(static_cast<void>(command_from_json(text)), tune::FormatError) << text;
  }
}

}  // namespace
}  // namespace command
