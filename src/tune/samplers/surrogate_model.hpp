#pragma once

#include <span>
#include <vector>

#include "tune/math/gaussian_process.hpp"
#include "tune/random.hpp"
#include "tune/samplers/sampler.hpp"
#include "tune/samplers/surrogate_space.hpp"
#include "tune/samplers/surrogate_values.hpp"

namespace tune::samplers {

/// What a study's trials tell, as a Gaussian process over a space.
class SurrogateModel {
 public:
  /// Learns from the scored trials (at least one) and from where running ones look. Values that a trial lacks
  /// are drawn from the stream. Bounded: at most 160 trials, of which 80 decide the kernel's parameters.
  SurrogateModel(const SurrogateSpace& space, const SamplingContext& context,
                 std::span<const std::size_t> scored, RandomStream& stream);

  [[nodiscard]] const math::GaussianProcess& process() const { return process_; }
  /// The configurations of the trials it learnt from, best first, then those that run.
  [[nodiscard]] std::span<const SurrogateSpace::Configuration> configurations() const {
    return configurations_;
  }
  /// The process's smallest mean at one of them: values may be noisy, and those of running trials are not
  /// known.
  [[nodiscard]] double best_mean() const { return best_mean_; }

 private:
  [[nodiscard]] math::GaussianProcess learn(const SamplingContext& context, std::span<const std::size_t> scored,
                                            RandomStream& stream);
  [[nodiscard]] double smallest_mean() const;

  const SurrogateSpace& space_;
  std::vector<SurrogateSpace::Configuration> configurations_;
  math::GaussianProcess process_;
  double best_mean_ = 0.0;
};

}  // namespace tune::samplers
