#pragma once

#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "tune/distribution.hpp"
#include "tune/random.hpp"

namespace tune::samplers {

/// How a Parzen estimator is fitted; the presets are Optuna 5's.
struct ParzenOptions {
  double prior_weight = 1.0;        ///< Weight of the prior kernel against one observation, ≥ 0.
  bool consider_magic_clip = true;  ///< Bandwidths at least (high − low) / min(100, 1 + n_kernels).
  bool consider_endpoints = false;  ///< Let the outermost kernels reach for the ends of the range.
};

/// Truncated normal kernels of one number, the prior last. With `is_log`, mu, sigma and the adapted ends are
/// logarithms. Grids carry mass over cells, so the adapted ends lie half a step outside.
struct NumericKernels {
  std::vector<double> mu;
  std::vector<double> sigma;
  double low = 0.0;
  double high = 0.0;
  double step = 0.0;  ///< 0 = continuous.
  bool is_log = false;
  double adapted_low = 0.0;
  double adapted_high = 0.0;
};

/// Kernels over choices, the prior last: the observed choice has probability `peak`, every other one `base`
/// (the prior's are all equal). Two numbers stand for the rows of Optuna's weight table, so 10,000 choices
/// cost nothing.
struct CategoricalKernels {
  std::size_t n_choices = 0;
  std::vector<std::size_t> observed;  ///< Per kernel; for the prior `n_choices`, which no choice equals.
  double base = 0.0;
  double peak = 0.0;
  double prior = 0.0;

  [[nodiscard]] double probability(std::size_t kernel, std::size_t choice) const;
};

using Kernels = std::variant<NumericKernels, CategoricalKernels>;

/// Optuna's weights of n observations, oldest first: ones, and from 25 on a ramp that fades the oldest.
[[nodiscard]] std::vector<double> default_weights(std::size_t n);

/// Bandwidths of Optuna's rule for kernel centres `mus` on [low, high]: the larger gap to a neighbour, clipped.
[[nodiscard]] std::vector<double> bandwidths(std::span<const double> mus, double low, double high,
                                             const ParzenOptions& options);

/// Mixture of products of kernels, one kernel an observation and one for the prior (Optuna's
/// `_ParzenEstimator`): p(x) = Σ_k w_k Π_d p_kd(x_d).
class ParzenEstimator {
 public:
  /// Internal values, a column a parameter.
  using Columns = std::vector<std::vector<double>>;

  /// `observations[d]` are the n observed values of `space[d]`, oldest first. `weights` has n entries or is
  /// empty for `default_weights(n)`. Cost O(d · n log n).
  ParzenEstimator(std::span<const Distribution* const> space, const Columns& observations,
                  const ParzenOptions& options = {}, std::vector<double> weights = {});

  [[nodiscard]] const std::vector<double>& weights() const { return weights_; }
  [[nodiscard]] const std::vector<Kernels>& kernels() const { return kernels_; }

  /// `count` draws, always inside the domain.
  [[nodiscard]] Columns draw(RandomStream& stream, std::size_t count) const;

  /// log p at each point. For a continuous `log` parameter the density is that of the logarithm.
  /// Cost O(points · kernels · d).
  [[nodiscard]] std::vector<double> log_density(const Columns& points) const;

 private:
  std::vector<const Distribution*> space_;
  std::vector<double> weights_;
  std::vector<Kernels> kernels_;
};

}  // namespace tune::samplers
