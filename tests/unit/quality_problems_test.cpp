#include "quality/problems.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tune/error.hpp"
#include "tune/samplers/registry.hpp"
#include "tune/study.hpp"

namespace tune::quality {
namespace {

const ProblemSet& problem_set() {
  static const ProblemSet set = load_problems(std::string(TUNE_TEST_DATA_DIR) + "/quality/problems.json");
  return set;
}

TEST(QualityProblems, GiveTheValuesOfTheirTestVectors) {
  EXPECT_EQ(problem_set().problems.size(), 9U);
  for (const Problem& problem : problem_set().problems) {
    EXPECT_EQ(problem.test_vectors.size(), 8U);
    for (const auto& [params, value] : problem.test_vectors) {
      EXPECT_NEAR(problem.value(params), value, 1e-12 * std::max(1.0, std::abs(value))) << problem.name;
    }
  }
}

TEST(QualityProblems, HoldTheirTestVectorsInTheirSpaces) {
  for (const Problem& problem : problem_set().problems) {
    for (const auto& [params, value] : problem.test_vectors) {
      std::size_t n_active = 0;
      for (const ParameterDeclaration& declaration : problem.space.parameters()) {
        const bool is_active = SearchSpace::is_active(declaration, params);
        n_active += is_active ? 1 : 0;
        ASSERT_EQ(params.contains(declaration.name), is_active) << problem.name << ": " << declaration.name;
        if (is_active) {
          EXPECT_TRUE(contains(declaration.distribution,
                               to_internal(declaration.distribution, params.at(declaration.name))))
              << problem.name << ": " << declaration.name;
        }
      }
      EXPECT_EQ(params.size(), n_active) << problem.name;
    }
  }
}

TEST(QualityProblems, AreTheSameWhetherDeclaredOrDefineByRun) {
  for (const Problem& problem : problem_set().problems) {
    for (const bool declared : {false, true}) {
      StudyOptions options;
      options.sampler = make_sampler("random");
      options.space = declared ? problem.space : SearchSpace();
      Study study = Study::create(std::move(options));
      for (int i = 0; i < 5; ++i) {
        Trial trial = study.ask();
        const ParamValues params = problem.suggest_all(trial);
        EXPECT_EQ(trial.params(), params);
        EXPECT_TRUE(std::isfinite(problem.value(params))) << problem.name;
        study.tell(std::move(trial), 1.0);
      }
    }
  }
}

TEST(QualityProblems, ListTheKnownOnesForAnUnknownName) {
  EXPECT_THROW((void)problem_set().find("branin"), InvalidArgument);
  EXPECT_EQ(problem_set().find("branin2").name, "branin2");
}

}  // namespace
}  // namespace tune::quality
