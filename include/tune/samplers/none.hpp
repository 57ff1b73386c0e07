#pragma once

#include "tune/samplers/registry.hpp"

namespace tune {

/// Suggests nothing: the points listed in the study file (and trials enqueued later) are the whole study.
/// A parameter that a listed point leaves open takes the middle of its range (the geometric middle with
/// `log`, rounded to the grid) or the first choice, so that a point is the same whenever it runs.
class NoneSampler final : public Sampler {
 public:
  [[nodiscard]] std::string_view name() const override { return "none"; }
  [[nodiscard]] bool uses_history() const override { return false; }
  [[nodiscard]] double sample_independent(const SamplingContext& context, std::string_view name,
                                          const Distribution& distribution) const override;
  [[nodiscard]] std::optional<std::uint64_t> n_remaining(const HistoryView& history,
                                                         const SearchSpace& declared) const override;
};

[[nodiscard]] SamplerEntry none_sampler_entry();

}  // namespace tune
