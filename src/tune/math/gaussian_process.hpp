#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/math/cholesky.hpp"

namespace tune::math {

/// Points as a surrogate sees them, a column a dimension. In a `categorical` dimension only equality counts;
/// the others are numbers, about as wide as [0, 1]. All finite.
struct SurrogatePoints {
  std::vector<std::vector<double>> columns;
  std::vector<bool> categorical;

  [[nodiscard]] std::size_t size() const { return columns.empty() ? 0 : columns.front().size(); }
};

/// Of the kernel σ² (1 + s + s²/3) e^−s, s² = 5 Σ_d inverse_square_d Δ_d² (Matérn, 5/2), and the noise on its
/// diagonal.
struct MaternParameters {
  std::vector<double> inverse_square;  ///< 1/ℓ² by dimension.
  double signal = 1.0;                 ///< σ².
  double noise = 1e-4;
};

/// Added to the diagonal as a share of the signal: points may be equal.
inline constexpr double kJitter = 1e-8;

/// The kernel matrix without noise; with `slopes`, 5/3 σ² (1 + s) e^−s beside it: what multiplied by Δ_d²/ℓ_d²
/// is the derivative by log ℓ_d. O(n²·d).
[[nodiscard]] LowerMatrix matern_matrix(const SurrogatePoints& points, const MaternParameters& parameters,
                                        LowerMatrix* slopes = nullptr);
/// out[i] += weight · Δ_d² between point i and x, for i ≥ begin.
void add_squared_distances(const SurrogatePoints& points, std::size_t d, double x, double weight,
                           std::size_t begin, double* out);

/// A Gaussian process of mean zero with a Matérn kernel (Rasmussen and Williams, "Gaussian processes for
/// machine learning", 2006, algorithm 2.1). The bits depend on the input alone.
class GaussianProcess {
 public:
  /// `values` belong to the first points; the others are pending: it is known that they are looked at, not what
  /// comes of it. They leave the mean as it is and take the variance around them away. O(n³).
  GaussianProcess(SurrogatePoints points, std::span<const double> values, MaternParameters parameters);

  /// The mean at a point; `kernels` is scratch, which then is for `variance`. O(n·d).
  [[nodiscard]] double mean(std::span<const double> at, std::vector<double>& kernels) const;
  /// The variance of the function, without the noise, at the point of the last `mean`. O(n²).
  [[nodiscard]] double variance(std::vector<double>& kernels) const;
  [[nodiscard]] const SurrogatePoints& points() const { return points_; }
  [[nodiscard]] double signal() const { return parameters_.signal; }

 private:
  SurrogatePoints points_;
  MaternParameters parameters_;
  LowerMatrix factor_;
  std::vector<double> alpha_;
};

}  // namespace tune::math
