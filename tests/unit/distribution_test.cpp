#include "tune/distribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tune/error.hpp"

namespace tune {
namespace {

std::string json(const Distribution& d) {
  return to_json(d);
}

std::string reason(const Distribution& d) {
  try {
    (void)validated(d);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ParamValueJson, WritesNumbersAsPythonDoes) {
  EXPECT_EQ(to_json(ParamValue(1e-5)), "1e-05");
  EXPECT_EQ(to_json(ParamValue(0.0001)), "0.0001");
  EXPECT_EQ(to_json(ParamValue(16.0)), "16.0");
  EXPECT_EQ(to_json(ParamValue(1e16)), "1e+16");
  EXPECT_EQ(to_json(ParamValue(1234567890123456.0)), "1234567890123456.0");
  EXPECT_EQ(to_json(ParamValue(-0.0)), "-0.0");
  EXPECT_EQ(to_json(ParamValue(1.5e300)), "1.5e+300");
  EXPECT_EQ(to_json(ParamValue(5e-324)), "5e-324");
  EXPECT_EQ(to_json(ParamValue(0.1)), "0.1");
  EXPECT_EQ(to_json(ParamValue(std::numeric_limits<double>::infinity())), "Infinity");
  EXPECT_EQ(to_json(ParamValue(std::int64_t{-7})), "-7");
}

TEST(ParamValueJson, WritesTextsAsPythonDoes) {
  EXPECT_EQ(to_json(ParamValue(std::string("a\"b\n\u00fc\U0001F600\x7f"))),
            R"("a\"b\n\u00fc\ud83d\ude00\u007f")");
}

TEST(DistributionJson, IsOptunasToTheByte) {
  EXPECT_EQ(
      json(FloatDistribution{1e-5, 0.1, true, std::nullopt}),
      R"({"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}})");
  EXPECT_EQ(json(IntDistribution{1, 8}),
            R"({"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 8}})");
  EXPECT_EQ(json(CategoricalDistribution{{std::string("sgd"), std::monostate{}, true, 1.5}}),
            R"({"name": "CategoricalDistribution", "attributes": {"choices": ["sgd", null, true, 1.5]}})");
}

TEST(DistributionJson, ReadsWhatItWrote) {
  const std::vector<Distribution> all = {
      FloatDistribution{1e-300, 1e300, true, std::nullopt}, FloatDistribution{0.0, 0.5, false, 0.1},
      IntDistribution{-3, 9, false, 3}, IntDistribution{1, 1LL << 53, true, 1},
      CategoricalDistribution{{true, std::int64_t{32}, 2.5, std::string("\u9375"), std::monostate{}}}};
  for (const auto& d : all) EXPECT_EQ(distribution_from_json(json(d)), d) << json(d);
}

TEST(DistributionJson, ReadsTheNamesOfOptuna2) {
  EXPECT_EQ(
      distribution_from_json(R"({"name": "LogUniformDistribution", "attributes": {"low": 1.0, "high": 2.0}})"),
      Distribution(FloatDistribution{1.0, 2.0, true, std::nullopt}));
  EXPECT_EQ(distribution_from_json(
                R"({"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.5}})"),
            Distribution(FloatDistribution{0.0, 1.0, false, 0.5}));
  EXPECT_EQ(distribution_from_json(
                R"({"name": "IntUniformDistribution", "attributes": {"low": 1, "high": 5, "step": 2}})"),
            Distribution(IntDistribution{1, 5, false, 2}));
}

TEST(DistributionJson, RefusesWhatIsNoDistribution) {
  for (const char* text :
       {"", "[]", "{}", R"({"name": "FloatDistribution"})", R"({"name": "X", "attributes": {}})",
        R"({"name": "FloatDistribution", "attributes": {"low": 2, "high": 1}})",
        R"({"name": "IntDistribution", "attributes": {"low": 1.5, "high": 3}})",
        R"({"name": "IntDistribution", "attributes": {"low": 0, "high": 9, "step": null}})",
        R"({"name": "CategoricalDistribution", "attributes": {"choices": []}})",
        R"({"name": "CategoricalDistribution", "attributes": {"choices": [[1]]}})"}) {
    EXPECT_THROW((void)distribution_from_json(text), FormatError) << text;
  }
}

TEST(Distribution, SaysWhatIsWrongWithARange) {
  EXPECT_EQ(reason(FloatDistribution{2.0, 1.0}), "low must be <= high, found low 2.0 and high 1.0");
  EXPECT_EQ(reason(FloatDistribution{0.0, 1.0, true}), "low must be > 0 because log is true, found 0.0");
  EXPECT_EQ(reason(FloatDistribution{1.0, 2.0, true, 0.5}), "log and step exclude each other");
  EXPECT_EQ(reason(FloatDistribution{0.0, 1.0, false, 0.0}), "step must be > 0, found 0.0");
  EXPECT_EQ(reason(IntDistribution{0, 4, true}), "low must be >= 1 because log is true, found 0");
  EXPECT_EQ(reason(IntDistribution{0, 4, false, 0}), "step must be >= 1, found 0");
  EXPECT_EQ(reason(CategoricalDistribution{}), "choices must not be empty");
  EXPECT_EQ(reason(CategoricalDistribution{{std::int64_t{1}, 1.0}}), "choices must differ, found 1.0 twice");
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(reason(FloatDistribution{0.0, inf}),
            "low and high must be finite, found low 0.0 and high Infinity");
}

TEST(Distribution, FindsAChoiceThatIsThereTwiceInALongListToo) {
  std::vector<ParamValue> choices{
      {std::monostate{}, std::string("1"), std::string("null"), 0.5, std::numeric_limits<double>::quiet_NaN()}};
  for (std::int64_t i = 1; i < 100; ++i) choices.emplace_back(i);
  EXPECT_NO_THROW((void)validated(CategoricalDistribution{choices}));
  const std::vector<ParamValue> again{
      1.0, true, std::monostate{}, std::string("1"), -std::nan(""), std::int64_t{99}};
  for (const ParamValue& value : again) {
    std::vector<ParamValue> twice = choices;
    twice.push_back(value);
    EXPECT_THROW((void)validated(CategoricalDistribution{twice}), InvalidArgument) << to_json(value);
  }
}

TEST(Distribution, LowersTheUpperEndToTheGridByDecimalArithmetic) {
  const auto high = [](double low, double upper, double step) {
    return std::get<FloatDistribution>(validated(FloatDistribution{low, upper, false, step})).high;
  };
  EXPECT_EQ(high(0.0, 0.3, 0.1), 0.3);
  EXPECT_EQ(high(0.0, 1.0, 0.3), 0.9);
  EXPECT_EQ(high(0.1, 0.35, 0.1), 0.3);
  EXPECT_EQ(high(-1.0, 1.0, 0.7), 0.4);
  EXPECT_EQ(std::get<IntDistribution>(validated(IntDistribution{1, 10, false, 4})).high, 9);
  EXPECT_EQ(
      std::get<IntDistribution>(validated(IntDistribution{std::numeric_limits<std::int64_t>::min(),
                                                          std::numeric_limits<std::int64_t>::max(), false, 2}))
          .high,
      std::numeric_limits<std::int64_t>::max() - 1);
}

TEST(Distribution, ContainsItsGridWithOptunasTolerance) {
  const Distribution grid = FloatDistribution{0.0, 0.3, false, 0.1};
  EXPECT_TRUE(contains(grid, 0.1 + 0.1));
  EXPECT_TRUE(contains(grid, 0.2));
  EXPECT_FALSE(contains(grid, 0.25));
  EXPECT_FALSE(contains(grid, 0.4));
  EXPECT_FALSE(contains(grid, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(contains(IntDistribution{1, 9, false, 4}, 5.0));
  EXPECT_FALSE(contains(IntDistribution{1, 9, false, 4}, 6.0));
  EXPECT_FALSE(contains(CategoricalDistribution{{true, false}}, 2.0));
  EXPECT_FALSE(contains(CategoricalDistribution{{true, false}}, 0.5));
}

TEST(Distribution, ConvertsBetweenChoicesAndTheirIndex) {
  const Distribution d = CategoricalDistribution{{std::string("relu"), std::int64_t{3}, 2.5}};
  EXPECT_EQ(to_internal(d, std::int64_t{3}), 1.0);
  EXPECT_EQ(to_internal(d, 3.0), 1.0);
  EXPECT_EQ(std::get<double>(to_external(d, 2.0)), 2.5);
  EXPECT_THROW((void)to_external(d, 3.0), InvalidArgument);
  EXPECT_THROW((void)to_internal(d, std::string("tanh")), InvalidArgument);
}

TEST(Distribution, RefusesAValueOfTheWrongType) {
  EXPECT_THROW((void)to_internal(FloatDistribution{}, std::string("1")), InvalidArgument);
  EXPECT_THROW((void)to_internal(FloatDistribution{}, true), InvalidArgument);
  EXPECT_THROW((void)to_internal(IntDistribution{}, 0.5), InvalidArgument);
  EXPECT_EQ(to_internal(IntDistribution{}, 1.0), 1.0);
}

TEST(Distribution, CountsItsValues) {
  EXPECT_EQ(cardinality(FloatDistribution{0.0, 1.0}), std::nullopt);
  EXPECT_EQ(cardinality(FloatDistribution{0.0, 0.3, false, 0.1}), 4U);
  EXPECT_EQ(cardinality(FloatDistribution{2.0, 2.0}), 1U);
  EXPECT_EQ(cardinality(IntDistribution{1, 9, false, 4}), 3U);
  EXPECT_TRUE(is_single(Distribution(CategoricalDistribution{{true}})));
}

TEST(Distribution, ClampsToTheNearestPointOfTheDomain) {
  EXPECT_EQ(clamp_to_domain(FloatDistribution{0.0, 1.0, false, 0.25}, 0.6), 0.5);
  EXPECT_EQ(clamp_to_domain(IntDistribution{1, 9, false, 4}, 100.0), 9.0);
  EXPECT_EQ(clamp_to_domain(CategoricalDistribution{{true, false}}, -3.0), 0.0);
}

TEST(Distribution, KeepsToTheGridOfARangeThatADoubleCannotCount) {
  constexpr std::int64_t kLimit = 1LL << 53;
  const Distribution d = validated(IntDistribution{-kLimit, kLimit, false, 1'000'003});
  for (const double wanted : {-1e15, -3.0, 0.0, 7e14, 9.0e15, 1e300, -1e300}) {
    const double value = clamp_to_domain(d, wanted);
    EXPECT_TRUE(contains(d, value)) << wanted;
    EXPECT_LE(std::abs(value - std::clamp(wanted, -0x1p53, 0x1p53)), 1'000'003.0) << wanted;
  }
  EXPECT_FALSE(contains(d, 1.0 - 0x1p53));
}

TEST(Distribution, MayChangeItsRangeButNotItsNatureWithinAStudy) {
  EXPECT_NO_THROW(check_compatible("lr", FloatDistribution{0.1, 1.0, true}, FloatDistribution{0.2, 3.0, true}));
  EXPECT_THROW(check_compatible("lr", FloatDistribution{0.1, 1.0, true}, FloatDistribution{0.1, 1.0}),
               InvalidArgument);
  EXPECT_THROW(check_compatible("n", IntDistribution{1, 2}, FloatDistribution{1, 2}), InvalidArgument);
  EXPECT_THROW(check_compatible("c", CategoricalDistribution{{true}}, CategoricalDistribution{{true, false}}),
               InvalidArgument);
}

}  // namespace
}  // namespace tune
