#pragma once

#include "tune/samplers/registry.hpp"

namespace tune {

/// Options of QmcSampler, named and preset as in Optuna 5's QMCSampler.
struct QmcOptions {
  bool scramble = false;  ///< Randomise the sequence by the study's seed, without losing its evenness.
};

/// Quasi-Monte Carlo: the points of a Sobol sequence, which cover the space more evenly than random ones
/// (Optuna's QMCSampler with `qmc_type="sobol"`; directions of Joe and Kuo, SIAM J. Sci. Comput. 30, 2008).
/// `scramble` applies a random linear matrix scramble and a digital shift (Matoušek, J. Complexity 14, 1998).
/// Balanced best over a number of trials that is a power of two.
///
/// One dimension a parameter: of the declared space in its order, conditional parameters included, or else
/// those of the first COMPLETE or PRUNED trial. Trial n takes point n of the sequence (point n − 1 where no
/// space is declared, as the first trial then finds the space), so processes share a study without repeats and
/// a rerun gives the same points. Without `scramble` point 0 is the low end of every range. Parameters outside
/// that space and those beyond 3,667 are drawn at random, one by one.
/// Results of trials are ignored. O(d · log n).
class QmcSampler final : public Sampler {
 public:
  explicit QmcSampler(QmcOptions options = {}) : options_(options) {}

  [[nodiscard]] std::string_view name() const override { return "qmc"; }
  [[nodiscard]] RelativeSample sample_relative(const SamplingContext& context) const override;
  [[nodiscard]] double sample_independent(const SamplingContext& context, std::string_view name,
                                          const Distribution& distribution) const override;
  [[nodiscard]] const QmcOptions& options() const { return options_; }

 private:
  QmcOptions options_;
};

[[nodiscard]] SamplerEntry qmc_sampler_entry();

}  // namespace tune
