#include "tune/format/json_depth.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tune::format {
namespace {

TEST(JsonDepth, CountsLevelsAndNotBrackets) {
  EXPECT_EQ(json_depth("1"), 0U);
  EXPECT_EQ(json_depth(R"({"a": [], "b": [{}], "c": []})"), 3U);
  EXPECT_EQ(json_depth(std::string(400'000, '[') + std::string(400'000, ']')), 400'000U);
}

TEST(JsonDepth, SkipsTheBracketsInTexts) {
  EXPECT_EQ(json_depth(R"({"[[[": "{{\"[[\\", "b": 1})"), 1U);
  EXPECT_EQ(json_depth(R"(["\\", [[1]]])"), 3U);
}

TEST(JsonDepth, TakesAnyText) {
  for (const char* text : {"", "]]]", "\"", "\"\\", "\\"}) EXPECT_EQ(json_depth(text), 0U) << text;
  EXPECT_EQ(json_depth("]][[{"), 3U);
}

}  // namespace
}  // namespace tune::format
