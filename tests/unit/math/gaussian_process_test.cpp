#include "tune/math/gaussian_process.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tune/math/cholesky.hpp"
#include "tune/math/matern_fit.hpp"
#include "tune/random.hpp"

namespace tune::math {
namespace {

/// n random points, the last dimension a choice of three.
SurrogatePoints random_points(std::size_t n, std::size_t d) {
  RandomStream stream(StreamKey{.seed = 4});
  SurrogatePoints points;
  points.columns.assign(d, std::vector<double>(n));
  points.categorical.assign(d, false);
  points.categorical.back() = true;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < d; ++k) {
      points.columns[k][i] = points.categorical[k] ? static_cast<double>(stream.below(3)) : stream.uniform();
    }
  }
  return points;
}

/// Depends on the first dimension alone.
std::vector<double> waves(const SurrogatePoints& points) {
  std::vector<double> values;
  for (const double x : points.columns.front()) {
    values.push_back(std::sin(7.0 * x));
  }
  return values;
}

std::vector<double> point(const SurrogatePoints& points, std::size_t i) {
  std::vector<double> at;
  for (const auto& column : points.columns) {
    at.push_back(column[i]);
  }
  return at;
}

const MaternParameters kParameters{{10.0, 1.0, 0.5}, 2.0, 1e-6};

TEST(Cholesky, GivesAFactorWhoseInverseIsTheInverse) {
  constexpr std::size_t kSize = 11;
  const LowerMatrix matrix = [] {
    LowerMatrix kernel = matern_matrix(random_points(kSize, 3), kParameters);
    add_to_diagonal(kernel, 0.1);
    return kernel;
  }();
  LowerMatrix factor = matrix;
  ASSERT_TRUE(factorise(factor));
  const LowerMatrix inverse = inverse_of(factor);
  const auto at = [](const LowerMatrix& of, std::size_t i, std::size_t j) {
    return i >= j ? of.column(j)[i] : of.column(i)[j];
  };
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t j = 0; j < kSize; ++j) {
      double product = 0.0;
      for (std::size_t k = 0; k < kSize; ++k) {
        product += at(matrix, i, k) * at(inverse, k, j);
      }
      EXPECT_NEAR(product, i == j ? 1.0 : 0.0, 1e-12);
    }
  }
}

TEST(Cholesky, RefusesAMatrixThatIsNotPositiveDefinite) {
  LowerMatrix matrix(2);
  matrix.column(0)[0] = 1.0;
  matrix.column(0)[1] = 2.0;
  matrix.column(1)[1] = 1.0;
  EXPECT_FALSE(factorise(matrix));
}

TEST(GaussianProcess, GoesThroughItsValuesAndKnowsNothingFarAway) {
  const SurrogatePoints points = random_points(20, 3);
  const std::vector<double> values = waves(points);
  const GaussianProcess process(points, values, kParameters);
  std::vector<double> scratch;
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(process.mean(point(points, i), scratch), values[i], 1e-3);
    EXPECT_LT(process.variance(scratch), 1e-5);
  }
  EXPECT_NEAR(process.mean(std::vector<double>{50.0, 50.0, 9.0}, scratch), 0.0, 1e-12);
  EXPECT_NEAR(process.variance(scratch), kParameters.signal, 1e-12);
}

TEST(GaussianProcess, KeepsTheMeanWherePointsArePendingAndTakesTheVariance) {
  SurrogatePoints points = random_points(20, 3);
  const std::vector<double> values = waves(points);
  const GaussianProcess without(points, values, kParameters);
  const std::vector<double> at{0.35, 2.0, 1.0};
  for (std::size_t d = 0; d < at.size(); ++d) {
    points.columns[d].push_back(at[d]);
  }
  const GaussianProcess with(points, values, kParameters);
  std::vector<double> scratch;
  const double mean = without.mean(at, scratch);
  EXPECT_GT(without.variance(scratch), 0.1);
  EXPECT_NEAR(with.mean(at, scratch), mean, 1e-12);
  EXPECT_LT(with.variance(scratch), 1e-5);
}

TEST(GaussianProcess, TakesPointsThatAreEqual) {
  SurrogatePoints points;
  points.columns.assign(1, std::vector<double>(30, 0.5));
  points.categorical.assign(1, false);
  const std::vector<double> values(30, 1.0);
  const GaussianProcess process(points, values, {{1.0}, 1.0, 0.0});
  std::vector<double> scratch;
  EXPECT_NEAR(process.mean(std::vector<double>{0.5}, scratch), 1.0, 1e-3);
}

TEST(MaternPosterior, HasTheGradientOfItsValues) {
  const SurrogatePoints points = random_points(17, 3);
  const std::vector<double> values = waves(points);
  const MaternPosterior posterior(points, values);
  const std::vector<double> at{-0.5, 0.3, 0.8, 0.2, -3.0};
  std::vector<double> gradient;
  std::vector<double> unused;
  (void)posterior(at, gradient);
  for (std::size_t k = 0; k < at.size(); ++k) {
    constexpr double kStep = 1e-5;
    std::vector<double> above = at;
    std::vector<double> below = at;
    above[k] += kStep;
    below[k] -= kStep;
    const double slope = (posterior(above, unused) - posterior(below, unused)) / (2.0 * kStep);
    EXPECT_NEAR(gradient[k], slope, 1e-5 * (1.0 + std::abs(slope))) << "parameter " << k;
  }
}

TEST(FitMatern, FindsWhichDimensionsMatter) {
  const SurrogatePoints points = random_points(40, 4);
  const MaternParameters found = fit_matern(points, waves(points), 40);
  for (std::size_t d = 1; d < 4; ++d) {
    EXPECT_GT(found.inverse_square[0], 20.0 * found.inverse_square[d]);
  }
  EXPECT_LT(found.noise, 0.01 * found.signal);
}

}  // namespace
}  // namespace tune::math
