#include "tune/pruners/threshold.hpp"

#include <cmath>
#include <string>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"
#include "tune/pruners/percentile_rule.hpp"
#include "tune/pruners/rules.hpp"

namespace tune {
namespace {

std::shared_ptr<const Pruner> make_threshold(const OptionValues& values) {
  if (!values.has("lower") && !values.has("upper")) {
    throw InvalidArgument("one of \"lower\" and \"upper\" must be given, found neither");
  }
  ThresholdOptions options{.n_warmup_steps = values.get_int("n_warmup_steps"),
                           .interval_steps = values.get_int("interval_steps")};
  if (values.has("lower")) {
    options.lower = values.get_float("lower");
  }
  if (values.has("upper")) {
    options.upper = values.get_float("upper");
  }
  return std::make_shared<const ThresholdPruner>(options);
}

}  // namespace

ThresholdPruner::ThresholdPruner(ThresholdOptions options) : options_(options) {
  pruners::require(options.lower <= options.upper, "lower must be at most upper",
                   format::python_float(options.lower) + " and " + format::python_float(options.upper));
  pruners::require(options.n_warmup_steps >= 0, "n_warmup_steps must be at least 0",
                   std::to_string(options.n_warmup_steps));
  pruners::require(options.interval_steps >= 1, "interval_steps must be at least 1",
                   std::to_string(options.interval_steps));
}

PruneDecision ThresholdPruner::decide(const PruningContext& context) const {
  (void)pruners::maximizes(context.history);
  const auto& reports = pruners::judged_trial(context).intermediate;
  if (reports.empty() || reports.back().step < options_.n_warmup_steps ||
      !pruners::is_check_due(reports, options_.n_warmup_steps, options_.interval_steps)) {
    return {};
  }
  const auto [step, value] = reports.back();
  if (std::isnan(value)) {
    return pruners::prune_because(value, value, step, 0);
  }
  if (value < options_.lower) {
    return pruners::prune_because(value, options_.lower, step, 0);
  }
  return value > options_.upper ? pruners::prune_because(value, options_.upper, step, 0) : PruneDecision{};
}

PrunerEntry threshold_pruner_entry() {
  const ThresholdOptions preset;
  std::vector<OptionSpec> options = {{.name = "lower",
                                      .kind = OptionKind::kFloat,
                                      .default_value = {},
                                      .description = "A value below it prunes; none by default."},
                                     {.name = "upper",
                                      .kind = OptionKind::kFloat,
                                      .default_value = {},
                                      .description = "A value above it prunes; none by default."}};
  for (OptionSpec& spec : pruners::check_option_specs(preset.n_warmup_steps, preset.interval_steps)) {
    options.push_back(std::move(spec));
  }
  return {.name = "threshold",
          .description = "Prunes a trial whose value leaves fixed bounds.",
          .options = std::move(options),
          .make = make_threshold};
}

}  // namespace tune
