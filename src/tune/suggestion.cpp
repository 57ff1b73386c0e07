#include "tune/suggestion.hpp"

#include <algorithm>

#include "tune/nearest_configuration.hpp"

namespace tune {
namespace {

constexpr std::uint64_t kMaxRedraws = 10;

Suggestion draw(const Sampler& sampler, SamplingContext context, const ParamValues& forced,
                WithReasons with_reasons) {
  Suggestion drawn;
  if (with_reasons == WithReasons::kYes) context.reasons = &drawn.reasons;
  drawn.preset = {forced, sampler.sample_relative(context)};
  drawn.configuration = decide_configuration(sampler, context, drawn.preset);
  drawn.n_redraws = context.attempt;
  return drawn;
}

/// Whether nothing about it could be otherwise.
bool is_given(const Suggestion& suggestion) {
  const auto& params = suggestion.configuration.params;
  return std::all_of(params.begin(), params.end(), [&](const Param& param) {
    return suggestion.preset.forced.contains(param.name) || is_single(param.distribution);
  });
}

/// Moves a suggestion that is taken to the nearest configuration that is not.
void move(Suggestion& suggestion, const Sampler& sampler, SamplingContext context,
          const TakenConfigurations& taken, WithReasons with_reasons) {
  if (with_reasons == WithReasons::kYes) context.reasons = &suggestion.reasons;
  auto nearest = nearest_configuration(
      {.space = context.declared,
       .start = suggestion.configuration,
       .forced = suggestion.preset.forced,
       .decide =
           [&](std::string_view name, const Distribution& distribution) {
             return decide_param(sampler, context, suggestion.preset, name, distribution);
           },
       .is_wanted = [&](const Configuration& candidate) { return !taken.contains(candidate.params); }});
  if (!nearest) return;
  suggestion.configuration = *std::move(nearest);
  suggestion.n_redraws = kMaxRedraws;
  suggestion.is_moved = true;
}

}  // namespace

Suggestion suggest(const Sampler& sampler, SamplingContext context, const ParamValues& forced,
                   const TakenConfigurations* taken, WithReasons with_reasons) {
  Suggestion first = draw(sampler, context, forced, with_reasons);
  if (taken == nullptr || is_given(first) || !taken->contains(first.configuration.params)) return first;
  for (context.attempt = 1; context.attempt <= kMaxRedraws; ++context.attempt) {
    Suggestion again = draw(sampler, context, forced, with_reasons);
    if (!taken->contains(again.configuration.params)) return again;
  }
  context.attempt = 0;
  move(first, sampler, context, *taken, with_reasons);
  return first;
}

}  // namespace tune
