#pragma once

#include <cstdint>
#include <optional>

#include "tune/samplers/registry.hpp"

namespace tune {

/// Options of TpeSampler, named and preset as in Optuna 5's TPESampler.
struct TpeOptions {
  std::int64_t n_startup_trials = 10;  ///< Finished trials before TPE takes over from random, ≥ 0.
  std::int64_t n_ei_candidates = 24;   ///< Candidates drawn from l(x) a suggestion, 1 to 10^6.
  std::optional<bool> multivariate{};  ///< Default: true for one objective or `group`, else false.
  bool group = false;                  ///< Draw conditional parameters group by group; needs `multivariate`.
  bool constant_liar = true;           ///< Count running trials as bad ones.
};

/// Tree-structured Parzen estimator, definition for definition Optuna 5's `TPESampler`.
///
/// Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011; the multivariate form after
/// Falkner et al., "BOHB", ICML 2018; defaults explained in Watanabe, arXiv:2304.11127.
///
/// Multivariate, the parameters that all COMPLETE and PRUNED trials share are drawn together, the others alone.
/// With `group` all are drawn in groups of parameters that occur in the same trials (Optuna's decomposition),
/// each group from the trials that have all of it; only a parameter seen for the first time is drawn alone.
///
/// COMPLETE and PRUNED trials are split into below (good) and above by value, then by (step, intermediate
/// value) for pruned ones, infeasible ones last; RUNNING trials count as above with `constant_liar`; FAIL
/// and WAITING trials are ignored. Infinite values are ordered as such; NaN intermediate values count as worst.
/// Where several trials took the same value, a hash of the parameter's name and their numbers says which of
/// them have the wider bandwidths; in Optuna it depends on numpy's version and the processor
/// (`tests/bench/README.md`). Cost of a suggestion: O(n·d) for n trials and d parameters (with `group`:
/// O(n·d·log n)).
class TpeSampler final : public Sampler {
 public:
  /// Throws InvalidArgument when an option is out of range, and for `group` with `multivariate` false.
  explicit TpeSampler(TpeOptions options = {});

  [[nodiscard]] std::string_view name() const override { return "tpe"; }
  [[nodiscard]] RelativeSample sample_relative(const SamplingContext& context) const override;
  [[nodiscard]] double sample_independent(const SamplingContext& context, std::string_view name,
                                          const Distribution& distribution) const override;
  [[nodiscard]] const TpeOptions& options() const { return options_; }

 private:
  TpeOptions options_;
};

[[nodiscard]] SamplerEntry tpe_sampler_entry();

}  // namespace tune
