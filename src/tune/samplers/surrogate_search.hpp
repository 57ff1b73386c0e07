#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "tune/random.hpp"
#include "tune/samplers/surrogate_model.hpp"
#include "tune/samplers/surrogate_space.hpp"

namespace tune::samplers {

/// log of the expected improvement on `best` of a normally distributed value that is to be small (Ament et al.,
/// "Unexpected improvements to expected improvement for Bayesian optimization", NeurIPS 2023): finite also
/// where the improvement itself is too small for a double.
[[nodiscard]] double log_expected_improvement(double mean, double variance, double best);

/// A configuration and what a model expects of it.
struct Prospect {
  SurrogateSpace::Configuration configuration;
  double mean = 0.0;
  double variance = 0.0;
  double score = 0.0;  ///< log_expected_improvement.
};

struct Prospects {
  std::vector<Prospect> best;  ///< At most four, the best first.
  std::size_t n_compared = 0;
};

using WantedConfiguration = std::function<bool(const SurrogateSpace::Configuration&)>;

/// The configurations with the largest expected improvement that are found among random ones and by rounds of
/// smaller and smaller changes to the best known ones; none that a trial of the model has, so nothing when all
/// that were drawn are taken; none either that `is_wanted`, when it is there, says no to: it is asked last,
/// only of what would be among the best. About 600 configurations are looked at.
[[nodiscard]] Prospects most_promising(const SurrogateSpace& space, const SurrogateModel& model,
                                       RandomStream& stream, const WantedConfiguration& is_wanted = {});

}  // namespace tune::samplers
