#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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

/// What a Parzen estimator learns from: n values of each parameter, oldest first.
struct Observations {
  std::size_t size = 0;
  /// Replaces `values` by the internal values of a parameter.
  std::function<void(std::size_t parameter, std::vector<double>& values)> read;
  /// The positions of a numeric parameter's values in ascending order, where the order of equal values decides
  /// which of them have the wider bandwidths; nothing when it is not known, which leaves equal ones in their
  /// order. What it returns holds until the next call. May be empty.
  std::function<std::span<const std::uint32_t>(std::size_t parameter)> order_of;
};

/// Mixture of products of kernels, one kernel an observation and one for the prior (Optuna's
/// `_ParzenEstimator`): p(x) = Σ_k w_k Π_d p_kd(x_d).
class ParzenEstimator {
 public:
  /// Internal values, a column a parameter.
  using Columns = MixtureDensity::Columns;

  /// `weights` has n entries or is empty for `default_weights(n)`. Cost O(d · n) when the orders are known,
  /// else O(d · n log n).
  ParzenEstimator(std::span<const Distribution* const> space, const Observations& observations,
                  const ParzenOptions& options = {}, std::vector<double> weights = {});
  ParzenEstimator(std::span<const Distribution* const> space, const Columns& observations,
                  const ParzenOptions& options = {}, std::vector<double> weights = {});

  [[nodiscard]] const std::vector<double>& weights() const { return weights_; }
  [[nodiscard]] const std::vector<Kernels>& kernels() const { return kernels_; }
  [[nodiscard]] const MixtureDensity& density() const { return density_; }

  /// `count` draws, always inside the domain.
  [[nodiscard]] Columns draw(RandomStream& stream, std::size_t count) const;

  /// log p at each point. For a continuous `log` parameter the density is that of the logarithm.
  /// Cost O(points · kernels · d).
  [[nodiscard]] std::vector<double> log_density(const Columns& points) const {
    return density_.log_density(points);
  }
  /// The same for one parameter alone, whatever the others are.
  [[nodiscard]] std::vector<double> marginal_log_density(std::size_t parameter,
                                                         const std::vector<double>& values) const;

 private:
  std::vector<const Distribution*> space_;
  std::vector<double> weights_;
  std::vector<Kernels> kernels_;
  MixtureDensity density_;
};

/// The density of the estimator alone, for who draws nothing from it: the kernels of one parameter at a time
/// take the same memory.
[[nodiscard]] MixtureDensity parzen_density(std::span<const Distribution* const> space,
                                            const Observations& observations,
                                            const ParzenOptions& options = {});

}  // namespace tune::samplers
