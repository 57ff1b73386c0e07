#include "tune/pruners/hyperband.hpp"

#include <algorithm>
#include <string>

#include "tune/pruners/brackets.hpp"
#include "tune/pruners/halving_rule.hpp"
#include "tune/pruners/rules.hpp"

namespace tune {
namespace {

constexpr std::string_view kMaxResourceKey = "tune:max_resource";

HyperbandOptions read_options(const OptionValues& values) {
  return {.min_resource = values.get_int("min_resource"),
          .max_resource = pruners::read_resource(values, "max_resource"),
          .reduction_factor = values.get_int("reduction_factor"),
          .bootstrap_count = values.get_int("bootstrap_count")};
}

bool has_reports(const HistoryView& history) {
  for (std::size_t number = 0; number < history.size(); ++number) {
    if (!history.intermediate(number).empty()) {
      return true;
    }
  }
  return false;
}

PruneDecision decide_within(const HyperbandOptions& options, std::int64_t max_resource,
                            const PruningContext& context) {
  const pruners::Brackets brackets(options.min_resource, max_resource, options.reduction_factor);
  if (brackets.budgets().empty()) {
    return {};
  }
  const std::uint32_t own = brackets.bracket_of(context.study_name, context.number.value);
  const pruners::HalvingRule rule{.min_resource = options.min_resource,
                                  .reduction_factor = options.reduction_factor,
                                  .min_early_stopping_rate = own,
                                  .bootstrap_count = options.bootstrap_count};
  return pruners::halve(rule, context, [&](std::size_t number) {
    return brackets.bracket_of(context.study_name, static_cast<std::int64_t>(number)) == own;
  });
}

}  // namespace

HyperbandPruner::HyperbandPruner(HyperbandOptions options) : options_(options) {
  pruners::check_resource(options.min_resource, "min_resource");
  if (options.max_resource) {
    pruners::check_resource(*options.max_resource, "max_resource");
  }
  pruners::check_halving(options.reduction_factor, options.bootstrap_count);
  pruners::check_bootstrap_fits(options.bootstrap_count, !options.max_resource, "max_resource");
}

PruneDecision HyperbandPruner::decide(const PruningContext& context) const {
  (void)pruners::maximizes(context.history);
  if (pruners::judged_trial(context).intermediate.empty()) {
    return {};
  }
  if (options_.max_resource) {
    return decide_within(options_, *options_.max_resource, context);
  }
  if (const auto kept = pruners::kept_resource(context.history, kMaxResourceKey)) {
    return decide_within(options_, *kept, context);
  }
  const auto largest = pruners::largest_complete_step(context.history);
  if (!largest) {
    return {};
  }
  const std::int64_t max_resource = std::min(*largest, pruners::kMaxResource - 1) + 1;
  PruneDecision decision = decide_within(options_, max_resource, context);
  decision.system_attrs[std::string(kMaxResourceKey)] = std::to_string(max_resource);
  return decision;
}

void HyperbandPruner::group_trials(const PruningContext& context, TrialGroups& groups) const {
  std::optional<std::int64_t> max_resource = options_.max_resource;
  if (!max_resource) {
    max_resource = pruners::kept_resource(context.history, kMaxResourceKey);
  } else if (groups.of_trial.empty() && !has_reports(context.history)) {
    return;
  }
  if (groups.key != max_resource.value_or(0)) {
    groups = {.key = max_resource.value_or(0), .of_trial = {}};
  }
  if (!max_resource || groups.of_trial.size() >= context.history.size()) {
    return;
  }
  const pruners::Brackets brackets(options_.min_resource, *max_resource, options_.reduction_factor);
  while (!brackets.budgets().empty() && groups.of_trial.size() < context.history.size()) {
    const auto number = static_cast<std::int64_t>(groups.of_trial.size());
    groups.of_trial.push_back(brackets.bracket_of(context.study_name, number));
  }
}

PrunerEntry hyperband_pruner_entry() {
  const HyperbandOptions preset;
  OptionSpec min_resource =
      pruners::resource_spec("min_resource", preset.min_resource, "Smallest step of a decision.");
  min_resource.choices.clear();
  return {.name = "hyperband",
          .description = "Successive halving in several brackets that begin at different steps.",
          .options = {std::move(min_resource),
                      pruners::resource_spec("max_resource", std::string(pruners::kAutomatic),
                                             "Largest step of a trial; \"auto\": the largest step of the "
                                             "first COMPLETE trial, + 1."),
                      pruners::reduction_factor_spec(preset.reduction_factor),
                      pruners::bootstrap_count_spec("max_resource")},
          .make = [](const OptionValues& values) {
            return std::make_shared<const HyperbandPruner>(read_options(values));
          }};
}

}  // namespace tune
