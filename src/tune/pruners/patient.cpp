#include "tune/pruners/patient.hpp"

#include <span>
#include <string>

#include "tune/error.hpp"
#include "tune/pruners/percentile_rule.hpp"
#include "tune/pruners/rules.hpp"

namespace tune {
namespace {

std::shared_ptr<const Pruner> make_wrapped(const std::string& json) {
  try {
    return make_pruner_from_json(json);
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(std::string("option 'wrapped_pruner': ") + error.what());
  }
}

std::shared_ptr<const Pruner> make_patient(const OptionValues& values) {
  PatientOptions options{.wrapped_pruner = nullptr,
                         .patience = values.get_int("patience"),
                         .min_delta = values.get_float("min_delta")};
  if (values.has("wrapped_pruner")) {
    options.wrapped_pruner = make_wrapped(values.get_string("wrapped_pruner"));
  }
  return std::make_shared<const PatientPruner>(std::move(options));
}

}  // namespace

PatientPruner::PatientPruner(PatientOptions options) : options_(std::move(options)) {
  pruners::require(options_.patience >= 0, "patience must be at least 0", std::to_string(options_.patience));
  pruners::require(options_.min_delta >= 0.0, "min_delta must be at least 0",
                   std::to_string(options_.min_delta));
}

bool PatientPruner::uses_other_trials() const {
  return options_.wrapped_pruner && options_.wrapped_pruner->uses_other_trials();
}

PruneDecision PatientPruner::decide(const PruningContext& context) const {
  const bool maximize = pruners::maximizes(context.history);
  const std::span<const IntermediateValue> reports = pruners::judged_trial(context).intermediate;
  if (reports.empty() || reports.size() - 1 <= static_cast<std::size_t>(options_.patience)) {
    return {};
  }
  const std::size_t n_before = reports.size() - 1 - static_cast<std::size_t>(options_.patience);
  const double before = pruners::best_report(reports.first(n_before), maximize);
  const double after = pruners::best_report(reports.subspan(n_before), maximize);
  const double needed = maximize ? before - options_.min_delta : before + options_.min_delta;
  const bool has_stalled = maximize ? after < needed : after > needed;  // False for a NaN.
  if (!has_stalled) {
    return {};
  }
  return options_.wrapped_pruner ? options_.wrapped_pruner->decide(context)
                                 : pruners::prune_because(after, needed, reports.back().step, 0);
}

PrunerEntry patient_pruner_entry() {
  const PatientOptions preset;
  return {.name = "patient",
          .description = "Asks another pruner only when a trial has stopped improving.",
          .options = {{.name = "wrapped_pruner",
                       .kind = OptionKind::kPruner,
                       .default_value = {},
                       .description = "The pruner that is asked; by default what has stalled is pruned."},
                      {.name = "patience",
                       .kind = OptionKind::kInt,
                       .default_value = {},
                       .low = 0,
                       .description = "Reports without improvement that are borne.",
                       .required = true},
                      {.name = "min_delta",
                       .kind = OptionKind::kFloat,
                       .default_value = preset.min_delta,
                       .low = 0,
                       .description = "How much worse still counts as no change."}},
          .make = make_patient};
}

}  // namespace tune
