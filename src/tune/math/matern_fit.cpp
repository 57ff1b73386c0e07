#include "tune/math/matern_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "tune/math/elementary.hpp"

namespace tune::math {
namespace {

/// BFGS with backtracking; `inverse_` approximates the inverse of the Hessian.
class Bfgs {
 public:
  Bfgs(const MaternPosterior& function, std::vector<double> start)
      : function_(function), x_(std::move(start)), inverse_(x_.size() * x_.size()) {
    value_ = function_(x_, gradient_);
    for (std::size_t i = 0; i < x_.size(); ++i) {
      inverse_[i * x_.size() + i] = 0.5;
    }
  }

  std::vector<double> minimise(std::size_t max_evaluations) {
    for (std::size_t used = 1; used < max_evaluations;) {
      const std::vector<double> direction = descent();
      const double slope = dot(direction.data(), gradient_.data(), x_.size());
      bool moved = false;
      for (double step = 1.0; slope < 0.0 && !moved && used < max_evaluations && step > 1e-3; step *= 0.3) {
        ++used;
        moved = try_step(direction, step, slope);
      }
      if (!moved || gain_ < kWorthwhile) {
        break;
      }
    }
    return x_;
  }

 private:
  static constexpr double kWorthwhile = 1e-3;
  static constexpr double kLongest = 2.0;  // A factor of e² a step.
  static constexpr double kBound = 12.0;

  [[nodiscard]] std::vector<double> times_inverse(const std::vector<double>& vector) const {
    const std::size_t n = x_.size();
    std::vector<double> product(n);
    for (std::size_t i = 0; i < n; ++i) {
      product[i] = dot(inverse_.data() + i * n, vector.data(), n);
    }
    return product;
  }

  [[nodiscard]] std::vector<double> descent() const {
    std::vector<double> direction = times_inverse(gradient_);
    double longest = kLongest;
    for (const double of : direction) {
      longest = std::max(longest, std::abs(of));
    }
    for (double& of : direction) {
      of *= -kLongest / longest;
    }
    return direction;
  }

  bool try_step(const std::vector<double>& direction, double step, double slope) {
    std::vector<double> x(x_);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = std::clamp(x[i] + step * direction[i], -kBound, kBound);
    }
    std::vector<double> gradient;
    const double value = function_(x, gradient);
    if (!(value <= value_ + 1e-4 * step * slope)) {
      return false;
    }
    gain_ = value_ - value;
    update_inverse(x, gradient);
    x_ = std::move(x);
    gradient_ = std::move(gradient);
    value_ = value;
    return true;
  }

  void update_inverse(const std::vector<double>& x, const std::vector<double>& gradient) {
    const std::size_t n = x.size();
    std::vector<double> s(n);
    std::vector<double> y(n);
    for (std::size_t i = 0; i < n; ++i) {
      s[i] = x[i] - x_[i];
      y[i] = gradient[i] - gradient_[i];
    }
    const double curvature = dot(s.data(), y.data(), n);
    if (!(curvature > 1e-10)) {
      return;
    }
    const std::vector<double> hy = times_inverse(y);
    const double scale = (1.0 + dot(y.data(), hy.data(), n) / curvature) / curvature;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        inverse_[i * n + j] += scale * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature;
      }
    }
  }

  const MaternPosterior& function_;
  std::vector<double> x_;
  std::vector<double> gradient_;
  std::vector<double> inverse_;
  double value_ = 0.0;
  double gain_ = 0.0;
};

}  // namespace

MaternPosterior::MaternPosterior(const SurrogatePoints& points, std::span<const double> values)
    : points_(points), values_(values) {
  // The paper's log-normal(√2 + log √d, √3), a factor of e shorter: its kernel is smoother.
  const double root_of_dimensions = 0.5 * log(static_cast<double>(points.columns.size()));
  priors_.assign(points.columns.size(), {std::numbers::sqrt2 - 1.0 + root_of_dimensions, std::numbers::sqrt3});
  priors_.push_back({0.0, 1.0});
  priors_.push_back({-7.0, 2.0});
}

std::vector<double> MaternPosterior::start() const {
  std::vector<double> logarithms(priors_.size(), 0.0);
  logarithms.back() = -5.0;
  return logarithms;
}

MaternParameters MaternPosterior::parameters(std::span<const double> logarithms) {
  MaternParameters found;
  for (std::size_t d = 0; d + 2 < logarithms.size(); ++d) {
    found.inverse_square.push_back(exp(-2.0 * logarithms[d]));
  }
  found.signal = exp(logarithms[logarithms.size() - 2]);
  found.noise = exp(logarithms.back());
  return found;
}

double MaternPosterior::operator()(std::span<const double> logarithms, std::vector<double>& gradient) const {
  const MaternParameters of = parameters(logarithms);
  const std::size_t n = values_.size();
  LowerMatrix slopes(n);
  const LowerMatrix kernel = matern_matrix(points_, of, &slopes);
  LowerMatrix factor = kernel;
  add_to_diagonal(factor, of.noise + kJitter * of.signal);
  if (!factorise(factor)) {
    return std::numeric_limits<double>::infinity();
  }
  std::vector<double> alpha(values_.begin(), values_.end());
  solve_lower(factor, alpha.data(), n);
  double value = 0.5 * dot(alpha.data(), alpha.data(), n);
  for (std::size_t j = 0; j < n; ++j) {
    value += log(factor.column(j)[j]);
  }
  solve_upper(factor, alpha.data(), n);
  // K⁻¹ − α αᵀ: the weight of each element's derivative.
  LowerMatrix weights = inverse_of(factor);
  for (std::size_t j = 0; j < n; ++j) {
    add_multiple(-alpha[j], alpha.data() + j, weights.column(j) + j, n - j);
  }
  likelihood_gradient(of, weights, kernel, slopes, gradient);
  return value + add_priors(logarithms, gradient);
}

void MaternPosterior::likelihood_gradient(const MaternParameters& of, const LowerMatrix& weights,
                                          const LowerMatrix& kernel, LowerMatrix& slopes,
                                          std::vector<double>& gradient) const {
  const std::size_t n = values_.size();
  const std::size_t d = points_.columns.size();
  gradient.assign(d + 2, 0.0);
  std::vector<double> squares(n);
  double trace = 0.0;
  for (std::size_t j = 0; j < n; ++j) {
    const double* weight = weights.column(j);
    double* slope = slopes.column(j);
    trace += weight[j];
    gradient[d] += dot(weight + j, kernel.column(j) + j, n - j) - 0.5 * weight[j] * kernel.column(j)[j];
    for (std::size_t i = j; i < n; ++i) {
      slope[i] *= weight[i];
    }
    for (std::size_t k = 0; k < d; ++k) {
      std::fill(squares.data() + j, squares.data() + n, 0.0);
      add_squared_distances(points_, k, points_.columns[k][j], of.inverse_square[k], j, squares.data());
      gradient[k] += dot(slope + j, squares.data() + j, n - j);
    }
  }
  gradient[d] += 0.5 * kJitter * of.signal * trace;
  gradient[d + 1] = 0.5 * of.noise * trace;
}

double MaternPosterior::add_priors(std::span<const double> logarithms, std::vector<double>& gradient) const {
  double value = 0.0;
  for (std::size_t k = 0; k < logarithms.size(); ++k) {
    const double z = (logarithms[k] - priors_[k].mean) / priors_[k].deviation;
    value += 0.5 * z * z;
    gradient[k] += z / priors_[k].deviation;
  }
  return value;
}

MaternParameters fit_matern(const SurrogatePoints& points, std::span<const double> values,
                            std::size_t max_evaluations) {
  const MaternPosterior posterior(points, values);
  return MaternPosterior::parameters(Bfgs(posterior, posterior.start()).minimise(max_evaluations));
}

}  // namespace tune::math
