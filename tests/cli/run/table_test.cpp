#include "cli/output/table.hpp"

#include <gtest/gtest.h>

namespace fmnist_tune {
namespace {

TEST(Printable, LeavesTextAsItIs) {
  EXPECT_EQ(printable("lr \u00e9 \u20ac \u5b66"), "lr \u00e9 \u20ac \u5b66");
}

TEST(Printable, ShowsWhatWouldControlATerminal) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\nb\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\u009b31m and \u0080"), "\\u009b31m and \\u0080");
}

TEST(Printable, LeavesBrokenUtf8AsItIs) {
  EXPECT_EQ(printable("\xc2"), "\xc2");
}

}  // namespace
}  // namespace fmnist_tune
