#include "tune/analysis/importance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "support/golden_data.hpp"

namespace tune {
namespace {

using nlohmann::json;

ParamValue external(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

/// One study of the data as this library's trials.
struct Study {
  std::vector<FrozenTrial> trials;
  std::vector<Direction> directions;

  explicit Study(const json& golden)
      : directions{testing::golden_direction(golden.at("direction").get<std::string>())} {
    std::map<std::string, Distribution> space;
    for (const json& parameter : golden.at("space")) space[parameter.at("name")] = distribution(parameter);
    for (const json& row : golden.at("trials")) {
      FrozenTrial trial;
      trial.number = TrialNumber{row[0].get<std::int64_t>()};
      trial.state = trial_state_from_string(row[1].get<std::string>());
      if (!row[2].is_null()) trial.values = {testing::golden_number(row[2])};
      for (const auto& [name, value] : row[3].items()) {
        trial.params.push_back({name, to_internal(space.at(name), external(value)), space.at(name)});
      }
      trials.push_back(std::move(trial));
    }
  }

  static Distribution distribution(const json& parameter) {
    if (parameter.at("type") != "categorical") return testing::golden_distribution(parameter);
    std::vector<ParamValue> choices;
    for (const json& choice : parameter.at("choices")) choices.push_back(external(choice));
    return CategoricalDistribution{std::move(choices)};
  }

  [[nodiscard]] std::map<std::string, double> importances(const ImportanceOptions& options) const {
    std::map<std::string, double> by_name;
    for (const auto& [name, importance] : param_importances(trials, directions, options)) {
      by_name[name] = importance;
    }
    return by_name;
  }
};

void expect_equal(const std::map<std::string, double>& actual, const json& expected, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (const auto& [name, importance] : expected.items()) {
    ASSERT_TRUE(actual.contains(name)) << what << " " << name;
    EXPECT_NEAR(actual.at(name), testing::golden_number(importance), 1e-12) << what << " " << name;
  }
}

TEST(ImportanceGolden, PedAnovaIsOptunas) {
  const json data = testing::load_golden("importance.json");
  for (const json& golden : data.at("studies")) {
    const Study study(golden);
    const std::string what = "study " + golden.at("id").dump();
    expect_equal(study.importances({}), golden.at("ped_anova"), what);
    expect_equal(study.importances({.normalize = false}), golden.at("ped_anova_raw"), what + " raw");
    expect_equal(study.importances({.evaluator = PedAnova{.evaluate_on_local = false}, .normalize = false}),
                 golden.at("ped_anova_global_raw"), what + " global");
    expect_equal(study.importances({.evaluator = PedAnova{.target_quantile = 0.2, .region_quantile = 0.5},
                                    .normalize = false}),
                 golden.at("ped_anova_q20_region50_raw"), what + " of the better half");
  }
}

/// The mean over as many seeds as Optuna's numbers stand for.
std::map<std::string, double> mean_fanova(const Study& study, bool normalize) {
  constexpr std::uint64_t kSeeds = 20;
  std::map<std::string, double> mean;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    for (const auto& [name, importance] :
         study.importances({.evaluator = Fanova{.seed = seed}, .normalize = normalize})) {
      mean[name] += importance / static_cast<double>(kSeeds);
    }
  }
  return mean;
}

/// Two forests differ, and so do the means over 20 of them: by more than four of their standard errors hardly
/// ever.
TEST(ImportanceGolden, FanovaIsOptunasAsFarAsTwoForestsAgree) {
  const json data = testing::load_golden("importance.json");
  for (const json& golden : data.at("studies")) {
    const auto actual = mean_fanova(Study(golden), true);
    const json& expected = golden.at("fanova");
    ASSERT_EQ(actual.size(), expected.size()) << "study " << golden.at("id");
    for (const auto& [name, optuna] : expected.items()) {
      const double standard_error = optuna.at("sd").get<double>() * std::sqrt(2.0 / 20.0);
      EXPECT_NEAR(actual.at(name), optuna.at("mean").get<double>(), 4.0 * standard_error)
          << "study " << golden.at("id") << " " << name;
    }
  }
}

TEST(ImportanceGolden, FanovaExplainsAsMuchOfTheVarianceAsOptunas) {
  const json data = testing::load_golden("importance.json");
  for (const json& golden : data.at("studies")) {
    const auto actual = mean_fanova(Study(golden), false);
    for (const auto& [name, share] : golden.at("fanova_raw_mean").items()) {
      const double standard_error = golden.at("fanova").at(name).at("sd").get<double>() * std::sqrt(2.0 / 20.0);
      EXPECT_NEAR(actual.at(name), share.get<double>(), 4.0 * standard_error)
          << "study " << golden.at("id") << " " << name;
    }
  }
}

}  // namespace
}  // namespace tune
