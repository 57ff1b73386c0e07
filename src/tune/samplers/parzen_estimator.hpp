#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tune/distribution.hpp"
#include "tune/random.hpp"
#include "tune/samplers/mixture_density.hpp"
#include "tune/samplers/parzen_kernels.hpp"

namespace tune::samplers {

/// How a Parzen estimator is fitted; the presets are Optuna 5's.
struct ParzenOptions {
  double prior_weight = 1.0;        ///< Weight of the prior kernel against one observation, ≥ 0.
  bool consider_magic_clip = true;  ///< Bandwidths at least (high − low) / min(100, 1 + n_kernels).
  bool consider_endpoints = false;  ///< Let the outermost kernels reach for the ends of the range.
};

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
  using Columns = MixtureDensity::Columns;
  /// Per parameter the positions of its observations by value, equal ones in their order; empty for
  /// categorical parameters.
  using Orders = std::vector<std::vector<std::uint32_t>>;

  /// `observations[d]` are the n observed values of `space[d]`, oldest first. `weights` has n entries or is
  /// empty for `default_weights(n)`. Cost O(d · n) when the caller knows the `orders`, else O(d · n log n).
  ParzenEstimator(std::span<const Distribution* const> space, Columns observations,
                  const ParzenOptions& options = {}, std::vector<double> weights = {}, Orders orders = {});

  [[nodiscard]] const std::vector<double>& weights() const { return weights_; }
  [[nodiscard]] const std::vector<Kernels>& kernels() const { return kernels_; }

  /// `count` draws, always inside the domain.
  [[nodiscard]] Columns draw(RandomStream& stream, std::size_t count) const;

  /// log p at each point. For a continuous `log` parameter the density is that of the logarithm.
  /// Cost O(points · kernels · d).
  [[nodiscard]] std::vector<double> log_density(const Columns& points) const {
    return density_.log_density(points);
  }
  /// The same for one parameter alone, whatever the others are.
  [[nodiscard]] std::vector<double> marginal_log_density(std::size_t parameter,
                                                         const std::vector<double>& values) const {
    return MixtureDensity({kernels_[parameter]}, weights_).log_density({values});
  }

 private:
  std::vector<const Distribution*> space_;
  std::vector<double> weights_;
  std::vector<Kernels> kernels_;
  MixtureDensity density_;
};

}  // namespace tune::samplers
