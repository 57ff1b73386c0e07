#include "cli/output/trial_reason.hpp"

#include <fmt/format.h>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"

namespace fmnist_tune {
namespace {

/// System attribute with what the pruner compared: {"value", "threshold", "step", "n"}.
constexpr std::string_view kPruneKey = "tune:prune";

std::optional<std::string> said_reason(const tune::FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(tune::kReasonKey);
  if (stored == trial.system_attrs.end()) return std::nullopt;
  const Json text = json_of_attribute(stored->second);
  return printable(text.is_string() ? text.get<std::string>() : stored->second);
}

/// A number as it stands there; NaN and infinities are strings.
std::string number_text(const Json& number) {
  if (number.is_string()) return printable(number.get<std::string>());
  return number.is_number() ? readable(number.get<double>()) : "?";
}

std::optional<std::string> compared_reason(const tune::FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(kPruneKey);
  if (stored == trial.system_attrs.end()) return std::nullopt;
  const Json four = json_of_attribute(stored->second);
  if (!four.is_object()) return std::nullopt;
  const auto number = [&](const char* name) { return number_text(four.value(name, Json())); };
  std::string text = fmt::format("{} at step {}", number("value"), number("step"));
  // Without a threshold the value alone was enough.
  if (number("threshold") != "NaN") {
    text += fmt::format(", threshold {}", number("threshold"));
    // Nor did every threshold come from trials.
    if (number("n") != "0")
      text += fmt::format(" from {} {}", number("n"), number("n") == "1" ? "trial" : "trials");
  }
  return text;
}

}  // namespace

std::optional<std::string> reason_of(const tune::FrozenTrial& trial) {
  if (trial.state != tune::TrialState::kFail && trial.state != tune::TrialState::kPruned) return std::nullopt;
  const auto said = said_reason(trial);
  const auto compared = compared_reason(trial);
  if (said && compared) return *said + "; " + *compared;
  return said ? said : compared;
}

bool is_stopped_by_pruner(const tune::FrozenTrial& trial) {
  return trial.state == tune::TrialState::kPruned && !trial.intermediate.empty() &&
         !trial.system_attrs.contains(tune::kReasonKey);
}

}  // namespace fmnist_tune
