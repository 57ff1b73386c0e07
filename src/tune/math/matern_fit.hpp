#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/math/gaussian_process.hpp"

namespace tune::math {

/// −log of the posterior density of a Matérn kernel's parameters given values of mean 0 and variance 1, but for
/// a constant: marginal likelihood (Rasmussen and Williams, "Gaussian processes for machine learning", 2006,
/// section 5.4) times log-normal priors. That of a length grows with the square root of the number of
/// dimensions (Hvarfner, Hellsten and Nardi, "Vanilla Bayesian optimization performs great in high dimensions",
/// ICML 2024).
class MaternPosterior {
 public:
  MaternPosterior(const SurrogatePoints& points, std::span<const double> values);

  /// Over the logarithms of ℓ₁ … ℓ_d, σ² and the noise. Infinity, and no gradient, where the kernel matrix has
  /// no factor. O(n³ + n²·d).
  double operator()(std::span<const double> logarithms, std::vector<double>& gradient) const;
  /// Where a search begins.
  [[nodiscard]] std::vector<double> start() const;
  [[nodiscard]] static MaternParameters parameters(std::span<const double> logarithms);

 private:
  struct Prior {
    double mean = 0.0;
    double deviation = 1.0;
  };

  void likelihood_gradient(const MaternParameters& of, const LowerMatrix& weights, const LowerMatrix& kernel,
                           LowerMatrix& slopes, std::vector<double>& gradient) const;
  double add_priors(std::span<const double> logarithms, std::vector<double>& gradient) const;

  const SurrogatePoints& points_;
  std::span<const double> values_;
  std::vector<Prior> priors_;
};

/// The most probable parameters that BFGS finds in `max_evaluations` of the posterior.
[[nodiscard]] MaternParameters fit_matern(const SurrogatePoints& points, std::span<const double> values,
                                          std::size_t max_evaluations);

}  // namespace tune::math
