#include "command/output_message.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tune/error.hpp"

namespace command {
namespace {

OutputMessage message(std::string_view line) {
  return read_message(line).value();
}

std::string complaint(std::string_view line) {
  try {
    static_cast<void>(read_message(line));
  } catch (const tune::FormatError& error) {
    return error.what();
  }
  return "";
}

TEST(OutputMessage, ReadsValuesAndReports) {
  EXPECT_EQ(message(R"({"value": 0.83})").values, std::vector{0.83});
  EXPECT_EQ(message(R"({"value": 1})").step, std::nullopt);
  EXPECT_EQ(message(R"({"values": [1, -2.5]})").values, (std::vector{1.0, -2.5}));
  const auto report = message("  {\"step\": 3, \"value\": 0.71, \"loss\": 2}\r");
  EXPECT_EQ(report.step, 3);
  EXPECT_EQ(report.values, std::vector{0.71});
}

TEST(OutputMessage, ReadsNumbersAsPythonWritesThem) {
  EXPECT_TRUE(std::isnan(message(R"({"value": NaN})").values->front()));
  EXPECT_EQ(message(R"({"value": -Infinity})").values->front(), -std::numeric_limits<double>::infinity());
}

TEST(OutputMessage, ReadsAttributesConstraintsAndPruning) {
  const auto read =
      message(R"({"user_attrs": {"a": [1, null], "<b>": "x"}, "constraints": [-1, 0.5], "pruned": true})");
  EXPECT_EQ(read.user_attrs.at("a"), "[1,null]");
  EXPECT_EQ(read.user_attrs.at("<b>"), "\"x\"");
  EXPECT_EQ(read.constraints, (std::vector{-1.0, 0.5}));
  EXPECT_EQ(read.pruned, "pruned by the program");
  EXPECT_EQ(message(R"({"pruned": "diverged"})").pruned, "diverged");
  EXPECT_EQ(message(R"({"pruned": ""})").pruned, "pruned by the program");
  EXPECT_EQ(message(R"({"pruned": false})").pruned, std::nullopt);
}

TEST(OutputMessage, TakesOtherLinesForText) {
  for (const char* line :
       {"", "   ", "epoch 3", "{", "{not json}", "[1]", "3.5", "{\"step\": 3}", "{\"loss\": 1}",
        "{\"value\": 1} and more", "null", "\"value\"", "\xff{\"value\": 1}"}) {
    EXPECT_FALSE(read_message(line)) << line;
  }
}

TEST(OutputMessage, SaysWhatIsWrongWithAnObjectThatIsMeantForTheStudy) {
  EXPECT_EQ(complaint(R"({"value": "0.8"})"), "\"value\" in its output: expected a number, found \"0.8\"");
  EXPECT_EQ(complaint(R"({"value": null})"), "\"value\" in its output: expected a number, found null");
  EXPECT_EQ(complaint(R"({"value": 1, "step": 1.5})"),
            "\"step\" in its output: expected an integer >= 0, found 1.5");
  EXPECT_EQ(complaint(R"({"value": 1, "step": -1})"),
            "\"step\" in its output: expected an integer >= 0, found -1");
  EXPECT_EQ(complaint(R"({"values": 1})"), "\"values\" in its output: expected a list of numbers, found 1");
  EXPECT_EQ(complaint(R"({"constraints": [true]})"),
            "\"constraints\" in its output: expected a number, found true");
  EXPECT_EQ(complaint(R"({"user_attrs": 1})"), "\"user_attrs\" in its output: expected an object, found 1");
  EXPECT_EQ(complaint(R"({"pruned": 1})"), "\"pruned\" in its output: expected true or a reason, found 1");
}

TEST(OutputMessage, KeepsNumbersOfAttributesAsPythonWritesThem) {
  const auto read =
      message(R"({"user_attrs": {"a": [NaN, {"x": -Infinity}, 1.5], "b": Infinity, "c": {}, "\"": "NaN"}})");
  EXPECT_EQ(read.user_attrs.at("a"), R"([NaN,{"x":-Infinity},1.5])");
  EXPECT_EQ(read.user_attrs.at("b"), "Infinity");
  EXPECT_EQ(read.user_attrs.at("c"), "{}");
  EXPECT_EQ(read.user_attrs.at("\""), "\"NaN\"");
}

TEST(OutputMessage, WantsEitherOneValueOrAListWithoutAStep) {
  EXPECT_EQ(complaint(R"({"value": 1, "values": [9]})"),
            "\"values\" in its output: expected no list beside \"value\", found [9]");
  EXPECT_EQ(complaint(R"({"step": 2, "values": [0.5]})"),
            "\"values\" in its output: expected \"value\" with one number beside \"step\", found [0.5]");
}

TEST(OutputMessage, ReadsNothingThatIsNestedTooDeep) {
  const auto nested = [](std::size_t levels) {
    return "{\"user_attrs\": {\"a\": " + std::string(levels, '[') + std::string(levels, ']') + "}}";
  };
  EXPECT_EQ(message(nested(998)).user_attrs.at("a").size(), 2 * 998U);
  EXPECT_EQ(complaint(nested(999)),
            "a line of its output: expected at most 1000 levels of nesting, found more");
  EXPECT_NE(complaint(nested(400'000)), "");
  EXPECT_FALSE(read_message(std::string(400'000, '{')));
}

TEST(OutputMessage, ShowsNoHalfCharacters) {
  const std::string text = complaint("{\"value\": \"a" + std::string(98, 'x') + "漢字\"}");
  EXPECT_TRUE(text.ends_with("xx…")) << text;
  EXPECT_EQ(utf8_prefix("a漢", 4), "a漢");
  EXPECT_EQ(utf8_prefix("a漢", 3), "a");
  EXPECT_EQ(utf8_prefix("a漢", 1), "a");
  EXPECT_EQ(utf8_prefix("\x80\x80\x80", 2), "");
}

TEST(LineBuffer, CutsAnyPortionsIntoLines) {
  LineBuffer lines;
  EXPECT_TRUE(lines.add("{\"val").empty());
  EXPECT_EQ(lines.add("ue\": 1}\n\nx"), (std::vector<std::string>{"{\"value\": 1}", ""}));
  EXPECT_EQ(lines.add("y\n"), std::vector<std::string>{"xy"});
  EXPECT_EQ(lines.rest(), std::nullopt);
  EXPECT_TRUE(lines.add("end").empty());
  EXPECT_EQ(lines.rest(), "end");
  EXPECT_EQ(lines.rest(), std::nullopt);
}

TEST(LineBuffer, LeavesOutALineThatIsTooLong) {
  LineBuffer lines;
  for (std::size_t n = 0; n <= kMaxLineBytes; n += 1000) EXPECT_TRUE(lines.add(std::string(1000, 'x')).empty());
  EXPECT_EQ(lines.add("still\nnext\n"), std::vector<std::string>{"next"});
  EXPECT_TRUE(lines.add(std::string(kMaxLineBytes + 1, 'x')).empty());
  EXPECT_EQ(lines.rest(), std::nullopt);
  EXPECT_EQ(lines.add("again\n"), std::vector<std::string>{"again"});
}

}  // namespace
}  // namespace command
