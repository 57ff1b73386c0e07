#pragma once

#include "tune/samplers/registry.hpp"

namespace tune {

/// Every configuration of a declared space once, in an order shuffled by the study's seed; then the study ends
/// (Optuna's GridSampler, whose `search_space` is the declared space here). Each parameter needs finitely many
/// values: choices, integers, or a float range with `step`. A conditional parameter counts only where it
/// exists. When a grid is worth it: Bergstra and Bengio, "Random search for hyper-parameter optimization",
/// JMLR 13, 2012.
///
/// A configuration counts as taken when a finished trial, whatever its state, a running or an enqueued one has
/// it, so a resumed study goes on where it stopped, a range that grew adds its new points, and workers, also of
/// several processes, share the grid without repeats. O(n·d) for n trials and d parameters.
///
/// `sample_relative` throws InvalidArgument without a declared space, for a parameter with infinitely many
/// values, and for a grid of more than 10^18 points.
class GridSampler final : public Sampler {
 public:
  [[nodiscard]] std::string_view name() const override { return "grid"; }
  [[nodiscard]] RelativeSample sample_relative(const SamplingContext& context) const override;
  /// For what is no part of the grid: a uniform draw.
  [[nodiscard]] double sample_independent(const SamplingContext& context, std::string_view name,
                                          const Distribution& distribution) const override;
  [[nodiscard]] std::optional<std::uint64_t> n_remaining(const HistoryView& history,
                                                         const SearchSpace& declared) const override;
};

[[nodiscard]] SamplerEntry grid_sampler_entry();

}  // namespace tune
