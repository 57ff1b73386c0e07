#include "tune/samplers/tpe.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "tune/error.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/relative_params.hpp"
#include "tune/samplers/relative_space.hpp"
#include "tune/samplers/tpe_steps.hpp"
#include "tune/samplers/trial_split.hpp"

namespace tune {
namespace {

using samplers::ParzenEstimator;
using samplers::TpeParameter;

/// More are no better, and would not fit into memory.
constexpr std::int64_t kMaxCandidates = 1'000'000;

bool is_multivariate(const TpeOptions& options, const HistoryView& history) {
  return options.multivariate.value_or(history.directions().size() <= 1);
}

// The scored trials, and the running ones but for the trial that asks.
std::vector<std::size_t> with_running(const SamplingContext& context, const std::vector<std::size_t>& scored) {
  std::vector<std::size_t> running;
  const auto add = [&](std::size_t number) {
    const bool asks = static_cast<std::int64_t>(number) == context.number.value;
    if (!asks && context.history.state(number) == TrialState::kRunning) {
      running.push_back(number);
    }
  };
  if (context.history.shows_all()) {
    std::for_each(context.history.running().begin(), context.history.running().end(), add);
  } else {
    for (std::size_t number = 0; number < context.history.size(); ++number) {
      add(number);
    }
  }
  std::vector<std::size_t> trials;
  trials.reserve(scored.size() + running.size());
  std::merge(scored.begin(), scored.end(), running.begin(), running.end(), std::back_inserter(trials));
  return trials;
}

class Suggestion {
 public:
  Suggestion(const TpeOptions& options, const SamplingContext& context, std::span<const TpeParameter> space)
      : options_(options), context_(context), space_(space) {
    for (const TpeParameter& parameter : space) {
      distributions_.push_back(parameter.distribution);
    }
  }

  // Internal values, one a parameter.
  std::vector<double> make(const std::vector<std::size_t>& scored, RandomStream stream) const {
    const std::size_t n_objectives = context_.history.directions().size();
    const auto split = samplers::split_trials(context_.history, learned_from(scored),
                                              samplers::default_gamma(scored.size(), n_objectives));
    const ParzenEstimator below = fit(split.below, n_objectives > 1);
    const ParzenEstimator above = fit(split.above, false);
    const auto candidates = below.draw(stream, static_cast<std::size_t>(options_.n_ei_candidates));
    const std::size_t best = samplers::first_best(samplers::acquisition(below, above, candidates));
    std::vector<double> values;
    for (const auto& column : candidates) {
      values.push_back(column[best]);
    }
    return values;
  }

 private:
  [[nodiscard]] std::vector<std::size_t> learned_from(const std::vector<std::size_t>& scored) const {
    return options_.constant_liar ? with_running(context_, scored) : scored;
  }

  // The good trials of several objectives have no order in which the old ones could fade.
  [[nodiscard]] ParzenEstimator fit(const std::vector<std::size_t>& trials, bool equal_weights) const {
    auto observations =
        samplers::observe(context_.history, space_, trials, is_multivariate(options_, context_.history));
    std::vector<double> weights;
    if (equal_weights) {
      weights.assign(observations.values.front().size(), 1.0);
    }
    return ParzenEstimator(distributions_, std::move(observations.values), {}, std::move(weights),
                           std::move(observations.orders));
  }

  const TpeOptions& options_;
  const SamplingContext& context_;
  std::span<const TpeParameter> space_;
  std::vector<const Distribution*> distributions_;
};

bool is_startup(const TpeOptions& options, const std::vector<std::size_t>& scored) {
  return static_cast<std::int64_t>(scored.size()) < options.n_startup_trials;
}

// A declared space is stored whole when the trial is asked for; define-by-run parameters come one by one, so
// other workers must be told what this trial will take.
Attributes announce(const RelativeSample& sample) {
  ParamValues params;
  for (const auto& [name, value] : sample.params) {
    params.emplace(name, to_external(sample.distributions.find(name)->second, value));
  }
  return samplers::relative_params_attributes(params);
}

TpeOptions read_options(const OptionValues& values) {
  TpeOptions options;
  options.n_startup_trials = values.get_int("n_startup_trials");
  options.n_ei_candidates = values.get_int("n_ei_candidates");
  if (values.has("multivariate")) {
    options.multivariate = values.get_bool("multivariate");
  }
  options.constant_liar = values.get_bool("constant_liar");
  return options;
}

}  // namespace

TpeSampler::TpeSampler(TpeOptions options) : options_(options) {
  if (options.n_startup_trials < 0) {
    throw InvalidArgument("tpe: n_startup_trials must be at least 0, found " +
                          std::to_string(options.n_startup_trials));
  }
  if (options.n_ei_candidates < 1 || options.n_ei_candidates > kMaxCandidates) {
    throw InvalidArgument("tpe: n_ei_candidates must be from 1 to 1000000, found " +
                          std::to_string(options.n_ei_candidates));
  }
}

RelativeSample TpeSampler::sample_relative(const SamplingContext& context) const {
  RelativeSample sample;
  const std::vector<std::size_t> scored = samplers::scored_trials(context.history);
  if (!is_multivariate(options_, context.history) || is_startup(options_, scored)) {
    return sample;
  }
  std::vector<TpeParameter> space;
  for (const auto& common : samplers::intersection_space(context.history, scored)) {
    space.push_back({common.column->name, common.distribution, common.column});
  }
  if (space.empty()) {
    return sample;
  }
  const auto values = Suggestion(options_, context, space).make(scored, context.relative_stream());
  for (std::size_t d = 0; d < space.size(); ++d) {
    sample.params.emplace(space[d].name, values[d]);
    sample.distributions.emplace(space[d].name, *space[d].distribution);
  }
  if (options_.constant_liar && context.declared.empty()) {
    sample.system_attrs = announce(sample);
  }
  return sample;
}

double TpeSampler::sample_independent(const SamplingContext& context, std::string_view name,
                                      const Distribution& distribution) const {
  RandomStream stream = context.independent_stream(name);
  const std::vector<std::size_t> scored = samplers::scored_trials(context.history);
  if (is_startup(options_, scored) || is_single(distribution)) {
    return draw_uniform(distribution, stream);
  }
  const TpeParameter parameter{name, &distribution, context.history.column(name)};
  return Suggestion(options_, context, {&parameter, 1}).make(scored, stream).front();
}

SamplerEntry tpe_sampler_entry() {
  const TpeOptions preset;
  return {
      .name = "tpe",
      .description = "Tree-structured Parzen estimator, as Optuna's TPESampler.",
      .options = {{.name = "n_startup_trials",
                   .kind = OptionKind::kInt,
                   .default_value = preset.n_startup_trials,
                   .low = 0,
                   .description = "Finished trials (COMPLETE or PRUNED) before TPE takes over from random "
                                  "sampling."},
                  {.name = "n_ei_candidates",
                   .kind = OptionKind::kInt,
                   .default_value = preset.n_ei_candidates,
                   .low = 1,
                   .high = kMaxCandidates,
                   .description = "Candidates drawn for a suggestion, of which the best is taken."},
                  {.name = "multivariate",
                   .kind = OptionKind::kBool,
                   .default_value = {},
                   .description = "Suggest the parameters that all trials share together; default: true for "
                                  "one objective, false for several."},
                  {.name = "constant_liar",
                   .kind = OptionKind::kBool,
                   .default_value = preset.constant_liar,
                   .description = "Count running trials as bad ones, so that parallel trials keep apart."}},
      .make = [](const OptionValues& values) {
        return std::make_shared<const TpeSampler>(read_options(values));
      }};
}

}  // namespace tune
