#include "tune/pruners/successive_halving.hpp"

#include <algorithm>
#include <string>

#include "tune/pruners/halving_rule.hpp"
#include "tune/pruners/rules.hpp"

namespace tune {
namespace {

constexpr std::string_view kMinResourceKey = "tune:min_resource";
// Optuna's share of the largest step that a trial shall have run at least.
constexpr std::int64_t kStepsPerResource = 100;

SuccessiveHalvingOptions read_options(const OptionValues& values) {
  return {.min_resource = pruners::read_resource(values, "min_resource"),
          .reduction_factor = values.get_int("reduction_factor"),
          .min_early_stopping_rate = values.get_int("min_early_stopping_rate"),
          .bootstrap_count = values.get_int("bootstrap_count")};
}

}  // namespace

SuccessiveHalvingPruner::SuccessiveHalvingPruner(SuccessiveHalvingOptions options) : options_(options) {
  if (options.min_resource) {
    pruners::check_resource(*options.min_resource, "min_resource");
  }
  pruners::check_halving(options.reduction_factor, options.bootstrap_count);
  pruners::require(options.min_early_stopping_rate >= 0, "min_early_stopping_rate must be at least 0",
                   std::to_string(options.min_early_stopping_rate));
  pruners::check_bootstrap_fits(options.bootstrap_count, !options.min_resource, "min_resource");
}

PruneDecision SuccessiveHalvingPruner::decide(const PruningContext& context) const {
  (void)pruners::maximizes(context.history);
  const auto compete_all = [](std::size_t /*number*/) { return true; };
  pruners::HalvingRule rule{.min_resource = options_.min_resource.value_or(1),
                            .reduction_factor = options_.reduction_factor,
                            .min_early_stopping_rate = options_.min_early_stopping_rate,
                            .bootstrap_count = options_.bootstrap_count};
  if (options_.min_resource || pruners::judged_trial(context).intermediate.empty()) {
    return pruners::halve(rule, context, compete_all);
  }
  if (const auto kept = pruners::kept_resource(context.history, kMinResourceKey)) {
    rule.min_resource = *kept;
    return pruners::halve(rule, context, compete_all);
  }
  const auto largest = pruners::largest_complete_step(context.history);
  if (!largest) {
    return {};
  }
  rule.min_resource = std::clamp<std::int64_t>(*largest / kStepsPerResource, 1, pruners::kMaxResource);
  PruneDecision decision = pruners::halve(rule, context, compete_all);
  decision.system_attrs[std::string(kMinResourceKey)] = std::to_string(rule.min_resource);
  return decision;
}

PrunerEntry successive_halving_pruner_entry() {
  const SuccessiveHalvingOptions preset;
  return {.name = "successive_halving",
          .description = "Lets one in so many trials go on from each of a series of ever later steps.",
          .options = {pruners::resource_spec("min_resource", std::string(pruners::kAutomatic),
                                             "Step of the first decision; \"auto\": a hundredth of the "
                                             "largest step of the COMPLETE trials."),
                      pruners::reduction_factor_spec(preset.reduction_factor),
                      {.name = "min_early_stopping_rate",
                       .kind = OptionKind::kInt,
                       .default_value = preset.min_early_stopping_rate,
                       .low = 0,
                       .description = "Decisions that are left out at the beginning."},
                      pruners::bootstrap_count_spec("min_resource")},
          .make = [](const OptionValues& values) {
            return std::make_shared<const SuccessiveHalvingPruner>(read_options(values));
          }};
}

}  // namespace tune
