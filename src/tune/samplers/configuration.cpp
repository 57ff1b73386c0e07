#include "tune/samplers/configuration.hpp"

#include <fmt/format.h>

#include "tune/error.hpp"

namespace tune {
namespace {

/// Optuna's rule for using a jointly drawn value: same kind of distribution, value inside the range asked.
bool fits(const Param& drawn, const Distribution& wanted) {
  check_compatible(drawn.name, drawn.distribution, wanted);
  return contains(wanted, drawn.value);
}

double only_value(const Distribution& distribution) {
  return clamp_to_domain(distribution, 0.0);
}

}  // namespace

void Configuration::add(Param param) {
  values.emplace(param.name, param.external());
  params.push_back(std::move(param));
}

double decide_param(const Sampler& sampler, const SamplingContext& context, const Preset& preset,
                    std::string_view name, const Distribution& distribution) {
  if (const auto given = preset.forced.find(name); given != preset.forced.end()) {
    return to_internal(distribution, given->second);
  }
  if (is_single(distribution)) return only_value(distribution);
  const Param* drawn = preset.relative.find(name);
  if (drawn != nullptr && fits(*drawn, distribution)) return drawn->value;
  return sampler.sample_independent(context, name, distribution);
}

Configuration decide_configuration(const Sampler& sampler, const SamplingContext& context,
                                   const Preset& preset) {
  Configuration configuration;
  configuration.params.reserve(context.declared.parameters().size());
  for (const auto& declaration : context.declared.parameters()) {
    if (!SearchSpace::is_active(declaration, configuration.values)) continue;
    const auto& [name, distribution, conditions] = declaration;
    try {
      check_known(context.history, name, distribution);
      configuration.add({name, decide_param(sampler, context, preset, name, distribution), distribution});
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("parameter '{}': {}", name, error.what()));
    }
  }
  return configuration;
}

void check_known(const HistoryView& history, std::string_view name, const Distribution& distribution) {
  if (const Column* column = history.column(name)) {
    check_compatible(name, column->distributions.front(), distribution);
  }
}

}  // namespace tune
