#pragma once

#include <cstdint>
#include <vector>

#include "tune/samplers/configuration.hpp"
#include "tune/samplers/sampler.hpp"
#include "tune/taken_configurations.hpp"

namespace tune {

/// The parameters of one trial of a declared space and how they came about.
struct Suggestion {
  Preset preset;
  Configuration configuration;
  std::uint64_t n_redraws = 0;  ///< How many draws were turned down because other trials have them.
  bool is_moved = false;        ///< All draws were: this is the nearest configuration that no trial has.
  std::vector<Reason> reasons;  ///< When they were asked for.
};

enum class WithReasons : std::uint8_t { kNo, kYes };

/// Draws a configuration; with `taken` until one comes that no trial has, ten times again at most, then takes
/// the nearest to the first draw. When the space has no other left, that draw stands. Throws as
/// decide_configuration.
[[nodiscard]] Suggestion suggest(const Sampler& sampler, SamplingContext context, const ParamValues& forced,
                                 const TakenConfigurations* taken = nullptr,
                                 WithReasons with_reasons = WithReasons::kNo);

}  // namespace tune
