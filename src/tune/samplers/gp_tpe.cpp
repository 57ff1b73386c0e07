#include "tune/samplers/gp_tpe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tune/error.hpp"
#include "tune/math/sobol.hpp"
#include "tune/samplers/configuration.hpp"
#include "tune/samplers/relative_params.hpp"
#include "tune/samplers/relative_space.hpp"
#include "tune/samplers/surrogate_model.hpp"
#include "tune/samplers/surrogate_search.hpp"
#include "tune/samplers/surrogate_space.hpp"
#include "tune/samplers/tpe.hpp"

namespace tune {
namespace {

using samplers::SurrogateSpace;
using Point = SurrogateSpace::Configuration;

// Where distances between configurations stop telling much.
constexpr std::size_t kMostParameters = 50;
constexpr std::size_t kMostChoices = 64;
// Trials that are looked at to find out which parameters depend on which.
constexpr std::size_t kMostLookedAt = 1000;

// A process of many dimensions sends its first trials to the far corners of the space, where it knows nothing.
// So TPE goes first: four trials for each parameter beyond the eighth.
constexpr std::size_t kEasyParameters = 8;
constexpr std::size_t kTrialsAParameter = 4;

// As many configurations are drawn where one is wanted that is affordable.
constexpr std::uint64_t kMostDraws = 50;
// Between two of them: more than a study counts attempts.
constexpr std::uint64_t kAttemptsApart = std::uint64_t{1} << 32U;

std::size_t count_free(const SurrogateSpace& space) {
  const auto& parameters = space.parameters();
  return static_cast<std::size_t>(std::count_if(parameters.begin(), parameters.end(),
                                                [](const auto& parameter) { return !parameter.is_single; }));
}

bool knows_enough(const SurrogateSpace& space, std::size_t n_scored) {
  const std::size_t n_free = count_free(space);
  return n_free <= kEasyParameters || n_scored >= kTrialsAParameter * (n_free - kEasyParameters);
}

bool suits_a_surrogate(const SurrogateSpace& space) {
  for (const auto& parameter : space.parameters()) {
    const auto* categorical = std::get_if<CategoricalDistribution>(parameter.distribution);
    if (categorical != nullptr && categorical->choices.size() > kMostChoices) {
      return false;
    }
  }
  const std::size_t n_free = count_free(space);
  return n_free > 0 && n_free <= kMostParameters;
}

std::optional<SurrogateSpace> space_of(const SamplingContext& context, std::span<const std::size_t> scored) {
  if (context.history.directions().size() != 1 || (context.declared.empty() && scored.empty())) {
    return std::nullopt;
  }
  const auto latest = scored.last(std::min(scored.size(), kMostLookedAt));
  SurrogateSpace space = context.declared.empty() ? SurrogateSpace(context.history, latest)
                                                  : SurrogateSpace(context.declared, context.history);
  return suits_a_surrogate(space) ? std::optional(std::move(space)) : std::nullopt;
}

Point startup_point(const SurrogateSpace& space, const SamplingContext& context, RandomStream& stream) {
  const std::size_t n = std::min(space.size(), math::max_sobol_dimensions());
  const auto point = math::sobol_point(static_cast<std::uint64_t>(context.number.value), n);
  Point configuration(space.size());
  for (std::size_t d = 0; d < space.size(); ++d) {
    // A point that another trial has would only come again.
    const double u = d < n && context.attempt == 0
                         ? math::to_unit_interval(math::scrambled(point[d], context.seed, d))
                         : stream.uniform();
    configuration[d] = space.from_unit(d, u);
  }
  return configuration;
}

bool is_affordable(const SurrogateSpace& space, const SamplingContext& context, const Point& point) {
  return context.is_affordable == nullptr || (*context.is_affordable)(space.params(point));
}

struct StartupPoint {
  Point point;
  bool is_of_sequence = false;
};

// The first, or another one where it is not affordable.
StartupPoint affordable_startup_point(const SurrogateSpace& space, const SamplingContext& context) {
  RandomStream stream = context.relative_stream();
  StartupPoint first{startup_point(space, context, stream), context.attempt == 0};
  if (is_affordable(space, context, first.point)) {
    return first;
  }
  for (std::uint64_t n_drawn = 1; n_drawn < kMostDraws; ++n_drawn) {
    if (Point point = space.draw(stream); is_affordable(space, context, point)) {
      return {std::move(point)};
    }
  }
  return first;
}

RelativeSample sample_of(const SurrogateSpace& space, const Point& configuration, bool is_define_by_run) {
  RelativeSample sample;
  const std::vector<bool> active = space.active(configuration);
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (active[d]) {
      const auto& [name, distribution, column, rules, single] = space.parameters()[d];
      sample.add({std::string(name), configuration[d], *distribution});
    }
  }
  if (is_define_by_run) {  // Other workers cannot see yet what this trial will ask for.
    sample.system_attrs = samplers::relative_params_attributes(space.params(configuration));
  }
  return sample;
}

RelativeSample startup_sample(const SurrogateSpace& space, const SamplingContext& context, std::size_t n_scored,
                              std::int64_t n_startup_trials) {
  const auto [point, is_of_sequence] = affordable_startup_point(space, context);
  RelativeSample sample = sample_of(space, point, context.declared.empty());
  if (context.reasons != nullptr) {
    const char* origin = is_of_sequence ? "a point of a Sobol sequence" : "drawn at random";
    context.reasons->push_back({sample.names(), fmt::format("{}: {} of {} startup trials were finished", origin,
                                                            n_scored, n_startup_trials)});
  }
  return sample;
}

// The columns of those parameters.
Forecast forecast_of(const SurrogateSpace& space, const samplers::Prospects& prospects,
                     const std::vector<std::string>& names) {
  Forecast forecast;
  forecast.n_compared = prospects.n_compared;
  forecast.candidates.resize(names.size());
  for (const samplers::Prospect& prospect : prospects.best) {
    const std::vector<bool> active = space.active(prospect.configuration);
    for (std::size_t d = 0; d < space.size(); ++d) {
      const auto place = std::find(names.begin(), names.end(), space.parameters()[d].name);
      if (place == names.end()) {
        continue;
      }
      forecast.candidates[static_cast<std::size_t>(place - names.begin())].push_back(
          active[d] ? prospect.configuration[d] : std::numeric_limits<double>::quiet_NaN());
    }
    forecast.mean.push_back(prospect.mean);
    forecast.deviation.push_back(std::sqrt(prospect.variance));
    forecast.score.push_back(prospect.score);
  }
  return forecast;
}

RelativeSample learnt_sample(const SurrogateSpace& space, const SamplingContext& context,
                             std::span<const std::size_t> scored) {
  RandomStream stream = context.relative_stream();
  const samplers::SurrogateModel model(space, context, scored, stream);
  const bool is_filtered = context.is_affordable != nullptr;
  samplers::WantedConfiguration is_wanted;
  if (is_filtered) {
    is_wanted = [&](const Point& candidate) { return is_affordable(space, context, candidate); };
  }
  const samplers::Prospects found = samplers::most_promising(space, model, stream, is_wanted);
  const bool has_found = !found.best.empty();
  const Point point = has_found ? found.best.front().configuration : space.draw(stream);
  RelativeSample sample = sample_of(space, point, context.declared.empty());
  if (context.reasons == nullptr) {
    return sample;
  }
  Reason reason{.parameters = sample.names(),
                .text = fmt::format("drawn at random: other trials had all that was looked at{}",
                                    is_filtered ? " and is not too costly" : "")};
  if (has_found) {
    reason.text = fmt::format(
        "of {} configurations{} the one with the largest expected improvement on the best trial, as a Gaussian "
        "process learnt from {} finished trials expects it",
        found.n_compared, is_filtered ? ", without those that are too costly," : "", scored.size());
    reason.forecast = forecast_of(space, found, reason.parameters);
  }
  context.reasons->push_back(std::move(reason));
  return sample;
}

struct DrawnByTpe {
  Configuration configuration;
  std::vector<Reason> reasons;
};

// All parameters of a declared space, those too that TPE decides one by one. The best of many candidates is
// much the same each time, so that a draw is the best of half as many as the one before.
DrawnByTpe draw_by_tpe(TpeOptions options, SamplingContext context, std::uint64_t n_drawn) {
  DrawnByTpe drawn;
  options.n_ei_candidates =
      std::max<std::int64_t>(options.n_ei_candidates >> std::min<std::uint64_t>(n_drawn, 30), 1);
  const TpeSampler tpe(options);
  context.attempt += n_drawn * kAttemptsApart;
  if (context.reasons != nullptr) {
    context.reasons = &drawn.reasons;
  }
  drawn.configuration = decide_configuration(tpe, context, {{}, tpe.sample_relative(context)});
  return drawn;
}

RelativeSample taken(DrawnByTpe drawn, const SamplingContext& context) {
  RelativeSample sample;
  for (Param& param : drawn.configuration.params) {
    sample.add(std::move(param));
  }
  if (context.reasons != nullptr) {
    std::move(drawn.reasons.begin(), drawn.reasons.end(), std::back_inserter(*context.reasons));
  }
  return sample;
}

}  // namespace

GpTpeSampler::GpTpeSampler(GpTpeOptions options)
    : options_(options), tpe_(TpeOptions{.n_startup_trials = options.n_startup_trials}) {
  if (options.n_startup_trials < 0) {
    throw InvalidArgument("gp_tpe: n_startup_trials must be at least 0, found " +
                          std::to_string(options.n_startup_trials));
  }
}

RelativeSample GpTpeSampler::sample_by_tpe(const SamplingContext& context) const {
  if (context.is_affordable == nullptr) {
    return tpe_.sample_relative(context);
  }
  std::optional<DrawnByTpe> first;
  for (std::uint64_t n_drawn = 0; n_drawn < kMostDraws; ++n_drawn) {
    DrawnByTpe drawn = draw_by_tpe(tpe_.options(), context, n_drawn);
    if ((*context.is_affordable)(drawn.configuration.values)) {
      return taken(std::move(drawn), context);
    }
    if (!first) {
      first = std::move(drawn);
    }
  }
  return taken(*std::move(first), context);
}

RelativeSample GpTpeSampler::sample_relative(const SamplingContext& context) const {
  const std::vector<std::size_t> scored = samplers::scored_trials(context.history);
  const auto space = space_of(context, scored);
  if (!space) {
    return sample_by_tpe(context);
  }
  const bool is_startup =
      scored.empty() || static_cast<std::int64_t>(scored.size()) < options_.n_startup_trials;
  if (!is_startup && !knows_enough(*space, scored.size())) {
    return sample_by_tpe(context);
  }
  return is_startup ? startup_sample(*space, context, scored.size(), options_.n_startup_trials)
                    : learnt_sample(*space, context, scored);
}

double GpTpeSampler::sample_independent(const SamplingContext& context, std::string_view name,
                                        const Distribution& distribution) const {
  return tpe_.sample_independent(context, name, distribution);
}

SamplerEntry gp_tpe_sampler_entry() {
  return {
      .name = "gp_tpe",
      .description = "A Gaussian process on spaces of up to 50 parameters, TPE elsewhere.",
      .options = {{.name = "n_startup_trials",
                   .kind = OptionKind::kInt,
                   .default_value = GpTpeOptions{}.n_startup_trials,
                   .low = 0,
                   .description = "Finished trials (COMPLETE or PRUNED) that follow a Sobol sequence, before "
                                  "the first that learns from them."}},
      .make = [](const OptionValues& values) {
        return std::make_shared<const GpTpeSampler>(
            GpTpeOptions{.n_startup_trials = values.get_int("n_startup_trials")});
      }};
}

}  // namespace tune
