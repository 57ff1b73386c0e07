#include "tune/pruners/halving_rule.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"
#include "tune/pruners/rules.hpp"

namespace tune::pruners {
namespace {

std::string rung_key(std::int64_t rung) {
  return "completed_rung_" + std::to_string(rung);
}

// A JSON number as Python writes it, NaN and Infinity included; nothing for anything else.
template <typename Number>
std::optional<Number> read_number(const Attributes& attributes, std::string_view key) {
  const auto found = attributes.find(key);
  if (found == attributes.end()) {
    return std::nullopt;
  }
  const char* end = found->second.data() + found->second.size();
  Number number{};
  const auto [stop, error] = std::from_chars(found->second.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::int64_t first_open_rung(const TrialRecord& trial) {
  std::int64_t rung = 0;
  while (trial.system_attrs.contains(rung_key(rung))) {
    ++rung;
  }
  return rung;
}

// What the others left in the rung. Optuna leaves no NaN there.
std::vector<double> values_in_rung(const PruningContext& context, std::int64_t rung, const Competes& competes) {
  const std::string key = rung_key(rung);
  const auto own = static_cast<std::size_t>(context.number.value);
  std::vector<double> values;
  for (std::size_t number = 0; number < context.history.size(); ++number) {
    if (number == own || !context.history.shows_result(number)) {
      continue;
    }
    const auto value = read_number<double>(context.history.record(number).system_attrs, key);
    if (value && !std::isnan(*value) && competes(number)) {
      values.push_back(*value);
    }
  }
  return values;
}

}  // namespace

std::optional<std::int64_t> promotion_step(const HalvingRule& rule, std::int64_t rung) {
  std::int64_t step = rule.min_resource;
  for (std::int64_t i = 0; i < rule.min_early_stopping_rate + rung; ++i) {
    if (step > std::numeric_limits<std::int64_t>::max() / rule.reduction_factor) {
      return std::nullopt;
    }
    step *= rule.reduction_factor;
  }
  return step;
}

double value_to_go_on(std::vector<double>& competing, std::int64_t reduction_factor, bool maximize) {
  const auto share = static_cast<std::int64_t>(competing.size()) / reduction_factor;
  const auto place = competing.begin() + static_cast<std::ptrdiff_t>(std::max<std::int64_t>(share, 1) - 1);
  if (maximize) {
    std::nth_element(competing.begin(), place, competing.end(), std::greater<>());
  } else {
    std::nth_element(competing.begin(), place, competing.end());
  }
  return *place;
}

PruneDecision halve(const HalvingRule& rule, const PruningContext& context, const Competes& competes) {
  const TrialRecord& trial = judged_trial(context);
  const bool maximize = maximizes(context.history);
  PruneDecision decision;
  if (trial.intermediate.empty()) {
    return decision;
  }
  const auto [step, value] = trial.intermediate.back();
  const auto prune = [&decision, at = step, reached = value](double threshold, std::size_t n) {
    decision.prune = true;
    decision.reason = PruneReason{reached, threshold, at, static_cast<std::int64_t>(n)};
    return decision;
  };
  for (std::int64_t rung = first_open_rung(trial);; ++rung) {
    const std::optional<std::int64_t> due = promotion_step(rule, rung);
    if (!due || step < *due) {
      return decision;
    }
    if (std::isnan(value)) {
      return prune(value, 0);
    }
    decision.system_attrs[rung_key(rung)] = format::python_float(value);
    std::vector<double> competing = values_in_rung(context, rung, competes);
    competing.push_back(value);
    if (static_cast<std::int64_t>(competing.size()) <= rule.bootstrap_count) {
      return prune(std::numeric_limits<double>::quiet_NaN(), competing.size());
    }
    const double needed = value_to_go_on(competing, rule.reduction_factor, maximize);
    if (maximize ? value < needed : value > needed) {
      return prune(needed, competing.size());
    }
  }
}

std::optional<std::int64_t> largest_complete_step(const HistoryView& history) {
  std::optional<std::int64_t> largest;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const auto reports = history.intermediate(number);
    if (history.state(number) == TrialState::kComplete && !reports.empty()) {
      largest = std::max(largest.value_or(0), reports.back().step);
    }
  }
  return largest;
}

std::optional<std::int64_t> kept_resource(const HistoryView& history, std::string_view key) {
  for (std::size_t number = 0; number < history.size(); ++number) {
    if (!history.shows_result(number)) continue;
    const auto kept = read_number<std::int64_t>(history.record(number).system_attrs, key);
    if (kept && *kept >= 1 && *kept <= kMaxResource) {
      return kept;
    }
  }
  return std::nullopt;
}

OptionSpec resource_spec(std::string name, ParamValue default_value, std::string description) {
  return {.name = std::move(name),
          .kind = OptionKind::kInt,
          .default_value = std::move(default_value),
          .low = 1,
          .high = static_cast<double>(kMaxResource),
          .choices = {std::string(kAutomatic)},
          .description = std::move(description)};
}

OptionSpec reduction_factor_spec(std::int64_t default_value) {
  return {.name = "reduction_factor",
          .kind = OptionKind::kInt,
          .default_value = default_value,
          .low = 2,
          .high = static_cast<double>(kMaxResource),
          .description = "One in so many trials goes on from a rung."};
}

OptionSpec bootstrap_count_spec(const std::string& resource) {
  return {.name = "bootstrap_count",
          .kind = OptionKind::kInt,
          .default_value = std::int64_t{0},
          .low = 0,
          .description = "Trials a rung needs before one goes on; 0 with an automatic " + resource + "."};
}

std::optional<std::int64_t> read_resource(const OptionValues& values, std::string_view name) {
  if (std::holds_alternative<std::string>(values.all().find(name)->second)) {
    return std::nullopt;
  }
  return values.get_int(name);
}

void check_resource(std::int64_t value, const std::string& name) {
  require(value >= 1 && value <= kMaxResource, name + " must lie in [1, 2^53]", std::to_string(value));
}

void check_halving(std::int64_t reduction_factor, std::int64_t bootstrap_count) {
  require(reduction_factor >= 2 && reduction_factor <= kMaxResource, "reduction_factor must lie in [2, 2^53]",
          std::to_string(reduction_factor));
  require(bootstrap_count >= 0, "bootstrap_count must be at least 0", std::to_string(bootstrap_count));
}

void check_bootstrap_fits(std::int64_t bootstrap_count, bool automatic, const std::string& resource) {
  require(bootstrap_count == 0 || !automatic, "bootstrap_count must be 0 where " + resource + " is \"auto\"",
          std::to_string(bootstrap_count));
}

}  // namespace tune::pruners
