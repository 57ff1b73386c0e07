#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/trial_builder.hpp"
#include "tune/samplers/random.hpp"

namespace tune::testing {

/// A parameter of a test space.
struct NamedDistribution {
  std::string name;
  Distribution distribution;
};
using Space = std::vector<NamedDistribution>;

/// The choices 0 … n − 1.
inline CategoricalDistribution numbered_choices(std::int64_t n) {
  std::vector<ParamValue> choices;
  for (std::int64_t i = 0; i < n; ++i) {
    choices.emplace_back(i);
  }
  return {std::move(choices)};
}

inline std::int64_t draw_int(RandomStream& stream, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(high - low + 1)));
}

inline Distribution random_distribution(RandomStream& stream) {
  const double low = stream.uniform(-100.0, 100.0);
  const double width = std::exp(stream.uniform(-20.0, 20.0));
  switch (stream.below(6)) {
    case 0:
      return validated(FloatDistribution{low, low + width, false, {}});
    case 1:
      return validated(FloatDistribution{std::exp(low), std::exp(low) * (1.0 + width), true, {}});
    case 2:
      return validated(FloatDistribution{low, low + 1.0 + stream.uniform(0.0, 9.0), false, 0.1});
    case 3: {
      const std::int64_t start = draw_int(stream, -50, 50);
      return validated(IntDistribution{start, start + draw_int(stream, 0, 60), false, draw_int(stream, 1, 7)});
    }
    case 4: {
      const std::int64_t start = draw_int(stream, 1, 50);
      return validated(IntDistribution{start, start + draw_int(stream, 0, 2000), true, 1});
    }
    default: {
      return numbered_choices(draw_int(stream, 1, 9));
    }
  }
}

inline Space random_space(RandomStream& stream) {
  Space space;
  const std::int64_t n = draw_int(stream, 1, 6);
  for (std::int64_t i = 0; i < n; ++i) {
    space.push_back({"p" + std::to_string(i), random_distribution(stream)});
  }
  return space;
}

/// A value such as objectives give: mostly ordinary, sometimes infinite or equal to another.
inline double random_value(RandomStream& stream) {
  switch (stream.below(8)) {
    case 0:
      return std::numeric_limits<double>::infinity();
    case 1:
      return -std::numeric_limits<double>::infinity();
    case 2:
      return 1.0;
    default:
      return stream.normal();
  }
}

/// One trial in a random state; one parameter in ten is missing.
inline TrialBuilder random_trial(std::int64_t number, const Space& space, std::size_t n_objectives,
                                 RandomStream& stream) {
  TrialBuilder trial(number);
  for (const auto& [name, distribution] : space) {
    if (stream.below(10) != 0) {
      trial.param(name, draw_uniform(distribution, stream), distribution);
    }
  }
  const std::uint64_t kind = stream.below(10);
  if (kind < 6) {
    std::vector<double> values;
    for (std::size_t i = 0; i < n_objectives; ++i) {
      values.push_back(random_value(stream));
    }
    trial.complete(values);
  } else if (kind < 8) {
    trial.state(TrialState::kPruned);
  } else if (kind == 8) {
    trial.state(TrialState::kFail);
  }
  const double report = stream.below(4) == 0 ? std::nan("") : random_value(stream);
  if (n_objectives == 1 && stream.below(3) != 0) {
    trial.report(draw_int(stream, 0, 9), report);
  }
  if (stream.below(4) == 0) {
    trial.constraint(stream.normal());
  }
  return trial;
}

inline History random_history(const Space& space, std::int64_t n_trials, std::size_t n_objectives,
                              RandomStream& stream) {
  std::vector<TrialBuilder> trials;
  for (std::int64_t i = 0; i < n_trials; ++i) {
    trials.push_back(random_trial(i, space, n_objectives, stream));
  }
  return make_history(trials, std::vector<Direction>(n_objectives, Direction::kMinimize));
}

/// What a study would give the trial that asks next: relative where the distribution is the one asked for,
/// else independent.
inline std::vector<double> suggest_all(const Sampler& sampler, const SamplingContext& context,
                                       const Space& space) {
  const RelativeSample relative = sampler.sample_relative(context);
  std::vector<double> values;
  for (const auto& [name, distribution] : space) {
    const Param* drawn = relative.find(name);
    const bool decided = drawn != nullptr && drawn->distribution == distribution;
    values.push_back(decided ? drawn->value : sampler.sample_independent(context, name, distribution));
  }
  return values;
}

}  // namespace tune::testing
