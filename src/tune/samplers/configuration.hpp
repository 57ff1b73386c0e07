#pragma once

#include <string_view>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/samplers/sampler.hpp"
#include "tune/search_space.hpp"

namespace tune {

/// What is decided about a trial before its parameters are asked for one by one.
struct Preset {
  ParamValues forced;       ///< What it must take: its queue entry, or the configuration it repeats.
  RelativeSample relative;  ///< What the sampler decided together.
};

/// The parameters of a trial of a declared space, decided but not recorded.
struct Configuration {
  std::vector<Param> params;  ///< In the order of declaration.
  ParamValues values;         ///< The same, external.

  void add(Param param);
};

/// One parameter: the forced value, else the only possible one, else what was decided together, else what the
/// sampler decides for it alone. Throws InvalidArgument for a forced value of the wrong type and when the
/// distribution is incompatible with the one that the sampler drew from.
[[nodiscard]] double decide_param(const Sampler& sampler, const SamplingContext& context, const Preset& preset,
                                  std::string_view name, const Distribution& distribution);

/// All parameters of the context's declared space that exist, parents first. Throws InvalidArgument that names
/// the parameter.
[[nodiscard]] Configuration decide_configuration(const Sampler& sampler, const SamplingContext& context,
                                                 const Preset& preset);

/// Throws InvalidArgument when the study's earlier trials drew the parameter from something incompatible.
void check_known(const HistoryView& history, std::string_view name, const Distribution& distribution);

}  // namespace tune
