#include "tune/samplers/parzen_estimator.hpp"

#include <gtest/gtest.h>

#include "support/golden_data.hpp"

namespace tune::samplers {
namespace {

using nlohmann::json;
using testing::close;
using testing::golden_numbers;

struct Case {
  std::vector<std::string> names;
  std::vector<Distribution> distributions;

  explicit Case(const json& space) {
    for (const auto& parameter : space) {
      names.push_back(parameter.at("name").get<std::string>());
      distributions.push_back(testing::golden_distribution(parameter));
    }
  }

  [[nodiscard]] ParzenEstimator::Columns columns(const json& by_name) const {
    ParzenEstimator::Columns columns;
    for (const std::string& name : names) {
      columns.push_back(golden_numbers(by_name.at(name)));
    }
    return columns;
  }

  [[nodiscard]] ParzenEstimator fit(const json& golden) const {
    std::vector<const Distribution*> space;
    for (const Distribution& distribution : distributions) {
      space.push_back(&distribution);
    }
    const json& given = golden.at("params");
    const ParzenOptions options{given.at("prior_weight").get<double>(),
                                given.at("consider_magic_clip").get<bool>(),
                                given.at("consider_endpoints").get<bool>()};
    const json& weights = golden.at("predetermined_weights");
    return ParzenEstimator(space, columns(golden.at("obs")), options,
                           weights.is_null() ? std::vector<double>{} : golden_numbers(weights));
  }
};

void expect_close(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_TRUE(close(actual[i], expected[i], tolerance))
        << what << "[" << i << "] = " << actual[i] << ", expected " << expected[i];
  }
}

void expect_numeric(const NumericKernels& kernels, const json& expected, const json& sigma,
                    const std::string& what) {
  expect_close(kernels.mu, golden_numbers(expected.at("mu")), 1e-15, what + " mu");
  const auto expected_sigma = golden_numbers(sigma);
  ASSERT_EQ(kernels.sigma.size(), expected_sigma.size());
  for (std::size_t k = 0; k < expected_sigma.size(); ++k) {
    // A gap of two logarithms: where numpy's vector log is off by an ulp, the small difference shows it.
    EXPECT_NEAR(kernels.sigma[k] / expected_sigma[k], 1.0, kernels.is_log ? 1e-12 : 1e-14)
        << what << " sigma " << k;
  }
  EXPECT_TRUE(close(kernels.adapted_low, expected.at("adapted_low").get<double>(), 1e-15)) << what;
  EXPECT_TRUE(close(kernels.adapted_high, expected.at("adapted_high").get<double>(), 1e-15)) << what;
  EXPECT_EQ(kernels.step, expected.at("step").get<double>()) << what;
}

void expect_categorical(const CategoricalKernels& kernels, const json& rows, const std::string& what) {
  ASSERT_EQ(kernels.observed.size(), rows.size()) << what;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    ASSERT_EQ(rows[k].size(), kernels.n_choices);
    for (std::size_t choice = 0; choice < rows[k].size(); ++choice) {
      EXPECT_NEAR(kernels.probability(k, choice), rows[k][choice].get<double>(), 1e-15) << what;
    }
  }
}

TEST(ParzenGolden, KernelsMatchOptuna) {
  const json data = testing::load_golden("parzen.json");
  for (const json& golden : data.at("cases")) {
    const std::string what = "case " + golden.at("id").dump();
    const Case space(golden.at("space"));
    const ParzenEstimator estimator = space.fit(golden);
    const json& expected = golden.at("expected");
    expect_close(estimator.weights(), golden_numbers(expected.at("weights")), 1e-15, what + " weights");
    for (std::size_t d = 0; d < space.names.size(); ++d) {
      const json& component = expected.at("components")[d];
      if (const auto* numeric = std::get_if<NumericKernels>(&estimator.kernels()[d])) {
        // Equal observations have no order of their own: ours is the stable one.
        const json& sigma = golden.at("ties_order_sensitive").get<bool>()
                                ? golden.at("expected_stable_sort").at("sigma")[d]
                                : component.at("sigma");
        expect_numeric(*numeric, component, sigma, what);
      } else {
        expect_categorical(std::get<CategoricalKernels>(estimator.kernels()[d]), component.at("cat_weights"),
                           what);
      }
    }
  }
}

TEST(ParzenGolden, LogDensitiesMatchOptuna) {
  const json data = testing::load_golden("parzen.json");
  for (const json& golden : data.at("cases")) {
    const Case space(golden.at("space"));
    const json& expected =
        golden.at(golden.at("ties_order_sensitive").get<bool>() ? "expected_stable_sort" : "expected");
    expect_close(space.fit(golden).log_density(space.columns(golden.at("points"))),
                 golden_numbers(expected.at("log_pdf")), 1e-9, "case " + golden.at("id").dump());
  }
}

TEST(ParzenGolden, DefaultWeightsMatchOptuna) {
  const json golden = testing::load_golden("parzen.json");
  for (const auto& [n, weights] : golden.at("default_weights").items()) {
    expect_close(default_weights(std::stoul(n)), golden_numbers(weights), 1e-15, "n = " + n);
  }
}

}  // namespace
}  // namespace tune::samplers
