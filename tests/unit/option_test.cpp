#include "tune/option.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tune/error.hpp"
#include "tune/search_space.hpp"

namespace tune {
namespace {

std::vector<OptionSpec> specs() {
  OptionSpec rate{.name = "rate", .kind = OptionKind::kFloat, .default_value = 0.5, .low = 0.0, .high = 1.0};
  rate.high_excluded = true;
  OptionSpec count{.name = "count", .kind = OptionKind::kInt, .default_value = std::int64_t{3}, .low = 1.0};
  OptionSpec mode{.name = "mode", .kind = OptionKind::kChoice, .default_value = {}};
  mode.choices = {std::string("a"), std::string("b")};
  return {rate, count, mode};
}

std::string refusal(const ParamValues& given) {
  try {
    (void)with_defaults(specs(), given);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Options, TakeATextInPlaceOfANumberWhereOneIsNamed) {
  const std::vector<OptionSpec> specs{{.name = "steps",
                                       .kind = OptionKind::kInt,
                                       .default_value = std::string("auto"),
                                       .low = 1.0,
                                       .choices = {std::string("auto")}}};
  EXPECT_EQ(with_defaults(specs, {}).get_string("steps"), "auto");
  EXPECT_EQ(complaint(specs.front(), std::int64_t{2}), std::nullopt);
  EXPECT_EQ(complaint(specs.front(), std::string("most")), "expected an integer >= 1 or \"auto\"");
}

TEST(Options, MustBeGivenWhereRequired) {
  const std::vector<OptionSpec> specs{
      {.name = "patience", .kind = OptionKind::kInt, .default_value = {}, .low = 0.0, .required = true}};
  EXPECT_THROW((void)with_defaults(specs, {}), InvalidArgument);
  EXPECT_EQ(with_defaults(specs, ParamValues{{"patience", std::int64_t{2}}}).get_int("patience"), 2);
}

using Given = std::map<std::string, ParamValue, std::less<>>;

TEST(Options, FillInDefaultsAndLeaveOutWhatHasNone) {
  const OptionValues values = with_defaults(specs(), Given{{"count", std::int64_t{7}}});
  EXPECT_EQ(values.get_float("rate"), 0.5);
  EXPECT_EQ(values.get_int("count"), 7);
  EXPECT_FALSE(values.has("mode"));
  EXPECT_EQ(values.get_float("count"), 7.0);
  EXPECT_THROW((void)values.get_string("mode"), InvalidArgument);
  EXPECT_THROW((void)values.get_bool("count"), InvalidArgument);
}

TEST(Options, SayWhatWasExpectedAndFound) {
  EXPECT_EQ(refusal({{"rate", 1.0}}), "option 'rate': expected a number >= 0 and < 1, found 1.0");
  EXPECT_EQ(refusal({{"rate", std::numeric_limits<double>::quiet_NaN()}}),
            "option 'rate': expected a number >= 0 and < 1, found NaN");
  EXPECT_EQ(refusal({{"count", 2.0}}), "option 'count': expected an integer >= 1, found 2.0");
  EXPECT_EQ(refusal({{"mode", std::string("c")}}), R"(option 'mode': expected one of "a", "b", found "c")");
  EXPECT_EQ(refusal({{"rat", 0.1}}), "unknown option 'rat' (known: rate, count, mode)");
}

}  // namespace
}  // namespace tune
