#include "tune/samplers/truncated_normal.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/golden_data.hpp"
#include "tune/math/error_function.hpp"

namespace tune::samplers {
namespace {

using testing::close;
using testing::golden_number;

TEST(TruncatedNormalGolden, LogCdfMatchesOptuna) {
  const nlohmann::json data = testing::load_golden("truncnorm.json");
  for (const nlohmann::json& row : data.at("log_ndtr")) {
    const double x = golden_number(row[0]);
    EXPECT_TRUE(close(log_ndtr(x), golden_number(row[1]), 1e-12)) << x << " gives " << log_ndtr(x);
  }
}

TEST(TruncatedNormalGolden, LogMassMatchesOptuna) {
  const nlohmann::json data = testing::load_golden("truncnorm.json");
  for (const nlohmann::json& row : data.at("log_gauss_mass")) {
    const double actual = log_gauss_mass(golden_number(row[0]), golden_number(row[1]));
    EXPECT_TRUE(close(actual, golden_number(row[2]), 1e-9)) << row << " gives " << actual;
  }
}

TEST(TruncatedNormalGolden, QuantilesMatchOptuna) {
  const nlohmann::json data = testing::load_golden("truncnorm.json");
  for (const nlohmann::json& row : data.at("ppf")) {
    const double actual =
        truncated_normal_quantile(golden_number(row[0]), golden_number(row[1]), golden_number(row[2]));
    EXPECT_TRUE(close(actual, golden_number(row[3]), 1e-9)) << row << " gives " << actual;
  }
}

TEST(ErrorFunction, AgreesWithTheCLibraryToAFewUlps) {
  for (double x = -30.0; x < 30.0; x += 0.0137) {
    EXPECT_NEAR(math::erf(x), std::erf(x), 4e-16) << x;
    EXPECT_NEAR(math::erfc(x), std::erfc(x), 4e-16 * std::max(1.0, std::erfc(x))) << x;
    const double relative = std::erfc(x) > 1e-300 ? math::erfc(x) / std::erfc(x) : 1.0;
    EXPECT_NEAR(relative, 1.0, 1e-14) << x;
  }
}

TEST(ErrorFunction, HandlesTheEndsOfTheLine) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(math::erf(inf), 1.0);
  EXPECT_EQ(math::erf(-inf), -1.0);
  EXPECT_EQ(math::erfc(inf), 0.0);
  EXPECT_EQ(math::erfc(-inf), 2.0);
  EXPECT_TRUE(std::isnan(math::erf(std::nan(""))));
  EXPECT_TRUE(std::isnan(math::erfc(std::nan(""))));
}

}  // namespace
}  // namespace tune::samplers
