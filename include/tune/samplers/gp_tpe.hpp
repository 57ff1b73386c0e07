#pragma once

#include <cstdint>

#include "tune/samplers/registry.hpp"
#include "tune/samplers/tpe.hpp"

namespace tune {

struct GpTpeOptions {
  std::int64_t n_startup_trials = 10;  ///< Finished trials that follow a Sobol sequence, ≥ 0.
};

/// This project's own sampler: a Gaussian process where that finds more in few trials, TPE elsewhere.
///
/// The first trials are points of a scrambled Sobol sequence; in spaces of more than eight parameters TPE has
/// the next, until there are four trials for each parameter beyond the eighth. Then a Gaussian process with a
/// Matérn-5/2 kernel, a length a parameter (most probable ones under the priors of Hvarfner et al., ICML 2024),
/// learns the logarithms of losses above the best, and the configuration with the largest expected improvement
/// found is taken (Jones, Schonlau and Welch, "Efficient global optimization of expensive black-box functions",
/// 1998; in logarithms after Ament et al., NeurIPS 2023). Never one that a trial it learnt from has.
///
/// Conditional spaces are one tree: a parameter that does not exist in a configuration stands in the middle of
/// its range. Declared conditions are used as they are; in define-by-run studies those that explain all trials
/// are found ("where an earlier parameter has one of these choices", "where an earlier number is at least
/// this"), and parameters that nothing explains are left to TPE.
///
/// A PRUNED trial counts with its last report, but not as better than the median of the COMPLETE ones; an
/// infeasible one as the worst; infinite values as the nearest finite one; FAIL and WAITING are ignored.
/// RUNNING trials make their surroundings certain, so that parallel trials keep apart. Left to TPE whole:
/// several objectives, more than 50 parameters, more than 64 choices.
///
/// What would be rejected for its cost (`SamplingContext::is_affordable`) is left out of the search, and drawn
/// again up to 50 times in the startup trials and where TPE suggests; where nothing else is found, it is
/// suggested after all.
///
/// Cost of a suggestion: at most 160 trials (the better half by value, the rest by number) and 64 running ones
/// enter the process, 80 its parameters, so a suggestion takes milliseconds however long the study is, plus
/// O(n) for the choice.
class GpTpeSampler final : public Sampler {
 public:
  /// Throws InvalidArgument when an option is out of range.
  explicit GpTpeSampler(GpTpeOptions options = {});

  [[nodiscard]] std::string_view name() const override { return "gp_tpe"; }
  [[nodiscard]] Duplicates default_duplicates() const override { return Duplicates::kAvoid; }
  [[nodiscard]] RelativeSample sample_relative(const SamplingContext& context) const override;
  [[nodiscard]] double sample_independent(const SamplingContext& context, std::string_view name,
                                          const Distribution& distribution) const override;
  [[nodiscard]] const GpTpeOptions& options() const { return options_; }

 private:
  [[nodiscard]] RelativeSample sample_by_tpe(const SamplingContext& context) const;

  GpTpeOptions options_;
  TpeSampler tpe_;
};

[[nodiscard]] SamplerEntry gp_tpe_sampler_entry();

}  // namespace tune
