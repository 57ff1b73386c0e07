#include "tune/pruners/median.hpp"

#include "tune/pruners/percentile_rule.hpp"

namespace tune {

MedianPruner::MedianPruner(MedianOptions options)
    : PercentilePruner({.percentile = 50.0,
                        .n_startup_trials = options.n_startup_trials,
                        .n_warmup_steps = options.n_warmup_steps,
                        .interval_steps = options.interval_steps,
                        .n_min_trials = options.n_min_trials}) {}

PrunerEntry median_pruner_entry() {
  return {.name = "median",
          .description = "Prunes a trial that is worse than the median of the others at the same step.",
          .options = pruners::schedule_option_specs(),
          .make = [](const OptionValues& values) {
            return std::make_shared<const MedianPruner>(
                MedianOptions{.n_startup_trials = values.get_int("n_startup_trials"),
                              .n_warmup_steps = values.get_int("n_warmup_steps"),
                              .interval_steps = values.get_int("interval_steps"),
                              .n_min_trials = values.get_int("n_min_trials")});
          }};
}

}  // namespace tune
