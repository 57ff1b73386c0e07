#include "tune/samplers/tpe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "tune/error.hpp"
#include "tune/samplers/group_space.hpp"
#include "tune/samplers/random.hpp"
#include "tune/samplers/relative_params.hpp"
#include "tune/samplers/relative_space.hpp"
#include "tune/samplers/tpe_steps.hpp"
#include "tune/samplers/trial_split.hpp"

namespace tune {
namespace {

using samplers::CommonParameter;
using samplers::Observations;
using samplers::ParzenEstimator;
using samplers::TpeParameter;

/// More are no better, and would not fit into memory.
constexpr std::int64_t kMaxCandidates = 1'000'000;

bool is_multivariate(const TpeOptions& options, const HistoryView& history) {
  return options.multivariate.value_or(options.group || history.directions().size() <= 1);
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

samplers::TrialSplit split_for(const TpeOptions& options, const SamplingContext& context,
                               const std::vector<std::size_t>& scored) {
  const std::size_t n_below = samplers::default_gamma(scored.size(), context.history.directions().size());
  return samplers::split_trials(context.history, options.constant_liar ? with_running(context, scored) : scored,
                                n_below);
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
  std::vector<double> make(const samplers::TrialSplit& split, RandomStream& stream) const {
    const Observations good = observe(split.below);
    const Observations bad = observe(split.above);
    const ParzenEstimator below(distributions_, good, {}, weights_of_good(good.size));
    const auto candidates = below.draw(stream, static_cast<std::size_t>(options_.n_ei_candidates));
    const auto scores =
        samplers::acquisition(below.density(), samplers::parzen_density(distributions_, bad), candidates);
    const std::size_t best = samplers::first_best(scores);
    if (context_.reasons != nullptr) {
      const ParzenEstimator above(distributions_, bad);
      context_.reasons->push_back(reason(samplers::weigh(split, below, above, candidates, best)));
    }
    std::vector<double> values;
    for (const auto& column : candidates) {
      values.push_back(column[best]);
    }
    return values;
  }

 private:
  [[nodiscard]] Observations observe(const std::vector<std::size_t>& trials) const {
    return samplers::observe(context_.history, space_, trials, is_multivariate(options_, context_.history));
  }

  // The good trials of several objectives have no order in which the old ones could fade.
  [[nodiscard]] std::vector<double> weights_of_good(std::size_t n) const {
    return context_.history.directions().size() > 1 ? std::vector<double>(n, 1.0) : std::vector<double>();
  }

  [[nodiscard]] Reason reason(Weighing weighing) const {
    Reason reason;
    for (const TpeParameter& parameter : space_) {
      reason.parameters.emplace_back(parameter.name);
    }
    reason.text = fmt::format(
        "the candidate of {} that is likeliest among the best trials ({}) compared with the others ({})",
        weighing.log_l.size(), weighing.below.size(), weighing.above.size());
    reason.weighing = std::move(weighing);
    return reason;
  }

  const TpeOptions& options_;
  const SamplingContext& context_;
  std::span<const TpeParameter> space_;
  std::vector<const Distribution*> distributions_;
};

bool is_startup(const TpeOptions& options, const std::vector<std::size_t>& scored) {
  return static_cast<std::int64_t>(scored.size()) < options.n_startup_trials;
}

void note_startup(const TpeOptions& options, const SamplingContext& context, std::string_view name,
                  std::size_t n_scored) {
  if (context.reasons == nullptr) {
    return;
  }
  context.reasons->push_back({{std::string(name)},
                              fmt::format("drawn at random: {} of {} startup trials were finished", n_scored,
                                          options.n_startup_trials)});
}

// What is decided together: one group, with `group` any number of them.
std::vector<std::vector<TpeParameter>> relative_space(const TpeOptions& options, const HistoryView& history,
                                                      const std::vector<std::size_t>& scored) {
  std::vector<std::vector<CommonParameter>> groups;
  if (options.group) {
    groups = samplers::group_decomposed_space(history, scored);
  } else if (auto common = samplers::intersection_space(history, scored); !common.empty()) {
    groups.push_back(std::move(common));
  }
  std::vector<std::vector<TpeParameter>> space(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const CommonParameter& parameter : groups[i]) {
      space[i].push_back({parameter.column->name, parameter.distribution, parameter.column});
    }
  }
  return space;
}

void add_to(RelativeSample& sample, std::span<const TpeParameter> group, const std::vector<double>& values) {
  for (std::size_t d = 0; d < group.size(); ++d) {
    sample.add({std::string(group[d].name), values[d], *group[d].distribution});
  }
}

// A declared space is stored whole when the trial is asked for; define-by-run parameters come one by one, so
// other workers must be told what this trial will take.
Attributes announce(const RelativeSample& sample) {
  ParamValues params;
  for (const Param& param : sample.params) {
    params.emplace(param.name, param.external());
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
  options.group = values.get_bool("group");
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
  if (options.group && options.multivariate == false) {
    throw InvalidArgument("group needs multivariate to be true, found false");
  }
}

RelativeSample TpeSampler::sample_relative(const SamplingContext& context) const {
  RelativeSample sample;
  const std::vector<std::size_t> scored = samplers::scored_trials(context.history);
  if (!is_multivariate(options_, context.history) || is_startup(options_, scored)) {
    return sample;
  }
  const auto groups = relative_space(options_, context.history, scored);
  if (groups.empty()) {
    return sample;
  }
  const samplers::TrialSplit split = split_for(options_, context, scored);
  RandomStream stream = context.relative_stream();
  for (const auto& group : groups) {
    add_to(sample, group, Suggestion(options_, context, group).make(split, stream));
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
    note_startup(options_, context, name, scored.size());
    return draw_uniform(distribution, stream);
  }
  const TpeParameter parameter{name, &distribution, context.history.column(name)};
  return Suggestion(options_, context, {&parameter, 1})
      .make(split_for(options_, context, scored), stream)
      .front();
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
                                  "one objective, false for several, and true with group."},
                  {.name = "group",
                   .kind = OptionKind::kBool,
                   .default_value = preset.group,
                   .description = "Suggest together the parameters that occur in the same trials, group by "
                                  "group, instead of those that all trials share; needs multivariate."},
                  {.name = "constant_liar",
                   .kind = OptionKind::kBool,
                   .default_value = preset.constant_liar,
                   .description = "Count running trials as bad ones, so that parallel trials keep apart."}},
      .make = [](const OptionValues& values) {
        return std::make_shared<const TpeSampler>(read_options(values));
      }};
}

}  // namespace tune
