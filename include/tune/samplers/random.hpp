#pragma once

#include "tune/samplers/registry.hpp"

namespace tune {

/// Independent uniform draws, Optuna's RandomSampler: floats uniform in [low, high] (in the logarithm with
/// `log`), grids and integers uniform over their points (log integers through [low − 0.5, high + 0.5]),
/// choices with equal probability. O(1) a parameter. Ignores every trial, whatever its state. Bergstra and
/// Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.
class RandomSampler final : public Sampler {
 public:
  [[nodiscard]] std::string_view name() const override { return "random"; }
  [[nodiscard]] bool uses_history() const override { return false; }
  [[nodiscard]] double sample_independent(const SamplingContext& context, std::string_view name,
                                          const Distribution& distribution) const override;
};

/// One uniform draw from the distribution, always inside it. What `RandomSampler` does, for other samplers'
/// startup trials.
[[nodiscard]] double draw_uniform(const Distribution& distribution, RandomStream& stream);

[[nodiscard]] SamplerEntry random_sampler_entry();

}  // namespace tune
