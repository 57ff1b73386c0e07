#include "tune/math/gaussian_process.hpp"

#include <algorithm>
#include <cmath>

#include "tune/math/lane_kernels.hpp"

namespace tune::math {
namespace {

// From s² in `squares` to e^−s in place, and s in `roots`. `n` is a multiple of eight.
void to_exponentials(double* squares, double* roots, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    roots[i] = std::sqrt(squares[i]);
    squares[i] = -roots[i];
  }
  lane_kernels().exps(squares, squares, n);
}

double matern(double signal, double s, double exponential) {
  return signal * (1.0 + s + s * s / 3.0) * exponential;
}

// With more and more on the diagonal, where rounding has eaten what is there.
LowerMatrix factor_of(const SurrogatePoints& points, const MaternParameters& parameters) {
  double extra = parameters.noise + kJitter * parameters.signal;
  while (true) {
    LowerMatrix factor = matern_matrix(points, parameters);
    add_to_diagonal(factor, extra);
    // At ten times the largest eigenvalue possible, every matrix of finite numbers has a factor.
    if (factorise(factor) || !(extra <= 10.0 * parameters.signal * static_cast<double>(points.size()))) {
      return factor;
    }
    extra *= 10.0;
  }
}

}  // namespace

void add_squared_distances(const SurrogatePoints& points, std::size_t d, double x, double weight,
                           std::size_t begin, double* out) {
  const double* column = points.columns[d].data();
  const std::size_t n = points.size();
  if (points.categorical[d]) {
    for (std::size_t i = begin; i < n; ++i) {
      out[i] += column[i] == x ? 0.0 : weight;
    }
    return;
  }
  for (std::size_t i = begin; i < n; ++i) {
    const double difference = column[i] - x;
    out[i] += weight * difference * difference;
  }
}

LowerMatrix matern_matrix(const SurrogatePoints& points, const MaternParameters& parameters,
                          LowerMatrix* slopes) {
  const std::size_t n = points.size();
  LowerMatrix kernel(n);
  std::vector<double> roots(kernel.stride());
  for (std::size_t j = 0; j < n; ++j) {
    double* column = kernel.column(j);
    for (std::size_t d = 0; d < points.columns.size(); ++d) {
      add_squared_distances(points, d, points.columns[d][j], 5.0 * parameters.inverse_square[d], j, column);
    }
    const std::size_t begin = j / kGroup * kGroup;
    to_exponentials(column + begin, roots.data() + begin, kernel.stride() - begin);
    if (slopes != nullptr) {
      double* slope = slopes->column(j);
      for (std::size_t i = j; i < n; ++i) {
        slope[i] = 5.0 / 3.0 * parameters.signal * (1.0 + roots[i]) * column[i];
      }
    }
    for (std::size_t i = j; i < n; ++i) {
      column[i] = matern(parameters.signal, roots[i], column[i]);
    }
  }
  return kernel;
}

GaussianProcess::GaussianProcess(SurrogatePoints points, std::span<const double> values,
                                 MaternParameters parameters)
    : points_(std::move(points)),
      parameters_(std::move(parameters)),
      factor_(factor_of(points_, parameters_)),
      alpha_(values.begin(), values.end()) {
  solve_lower(factor_, alpha_.data(), alpha_.size());
  solve_upper(factor_, alpha_.data(), alpha_.size());
}

double GaussianProcess::mean(std::span<const double> at, std::vector<double>& kernels) const {
  const std::size_t stride = factor_.stride();
  kernels.assign(2 * stride, 0.0);
  for (std::size_t d = 0; d < at.size(); ++d) {
    add_squared_distances(points_, d, at[d], 5.0 * parameters_.inverse_square[d], 0, kernels.data());
  }
  const double* roots = kernels.data() + stride;
  to_exponentials(kernels.data(), kernels.data() + stride, stride);
  for (std::size_t i = 0; i < points_.size(); ++i) {
    kernels[i] = matern(parameters_.signal, roots[i], kernels[i]);
  }
  return dot(kernels.data(), alpha_.data(), alpha_.size());
}

double GaussianProcess::variance(std::vector<double>& kernels) const {
  constexpr double kLeast = 1e-12;  // Of the signal: rounding must not make it zero.
  double* x = kernels.data();
  solve_lower(factor_, x, points_.size());
  return std::max(parameters_.signal - dot(x, x, points_.size()), kLeast * parameters_.signal);
}

}  // namespace tune::math
