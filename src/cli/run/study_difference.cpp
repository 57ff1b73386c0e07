#include "cli/run/study_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/output/table.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/run/study_check.hpp"
#include "tune/analysis/pareto_front.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using tune::TrialState;
using Settings = std::map<std::string, Json>;

void add_flattened(Settings& settings, const std::string& prefix, const Json& document) {
  if (!document.is_structured()) {
    settings[prefix] = document;
    return;
  }
  const Json flat = document.flatten();
  for (const auto& [pointer, value] : flat.items()) settings[prefix + pointer] = value;
}

/// Without the name, which is no setting of the search.
Settings settings_of(const tune::StudyRecord& study) {
  Settings settings = {{"directions", directions_text(study)}};
  if (const auto file = kept_study_file(study)) add_flattened(settings, "", json_of_attribute(*file));
  settings.erase("/name");
  for (const auto& [where, key] : {std::pair("seed", kSeedKey), std::pair("version", kVersionKey),
                                   std::pair("provenance", kProvenanceKey)}) {
    const auto found = study.system_attrs.find(key);
    if (found != study.system_attrs.end()) add_flattened(settings, where, json_of_attribute(found->second));
  }
  return settings;
}

std::optional<Json> value_at(const Settings& settings, const std::string& where) {
  const auto found = settings.find(where);
  return found == settings.end() ? std::nullopt : std::optional(found->second);
}

std::vector<SettingDifference> setting_differences(const StudyContent& a, const StudyContent& b) {
  const Settings of_a = settings_of(a.study);
  const Settings of_b = settings_of(b.study);
  Settings all = of_a;
  all.insert(of_b.begin(), of_b.end());
  std::vector<SettingDifference> differences;
  for (const auto& [where, ignored] : all) {
    SettingDifference found{where, {value_at(of_a, where), value_at(of_b, where)}};
    if (found.values[0] != found.values[1]) differences.push_back(std::move(found));
  }
  return differences;
}

bool is_scored(const FrozenTrial& trial, const std::vector<tune::Direction>& directions) {
  return directions.size() == 1 && !tune::pareto_front({&trial, 1}, directions).empty();
}

bool is_better(double a, double b, tune::Direction direction) {
  return direction == tune::Direction::kMaximize ? a > b : a < b;
}

/// The best value after each finished trial.
std::vector<std::optional<double>> best_after_each(const StudyContent& content) {
  std::vector<std::optional<double>> best;
  std::optional<double> so_far;
  for (const FrozenTrial& trial : content.trials) {
    if (!tune::is_finished(trial.state)) continue;
    if (is_scored(trial, content.study.directions)) {
      const double value = trial.values[0];
      if (!so_far || is_better(value, *so_far, content.study.directions[0])) so_far = value;
    }
    best.push_back(so_far);
  }
  return best;
}

std::vector<std::size_t> marks_up_to(std::size_t n) {
  std::vector<std::size_t> marks;
  for (std::size_t decade = 1; decade <= n; decade *= 10) {
    for (const std::size_t mark : {decade, 2 * decade, 5 * decade}) {
      if (mark < n) marks.push_back(mark);
    }
  }
  if (n > 0) marks.push_back(n);
  return marks;
}

std::vector<BestSoFar> best_so_far(const StudyContent& a, const StudyContent& b) {
  if (a.study.directions.size() != 1 || a.study.directions != b.study.directions) return {};
  const auto of_a = best_after_each(a);
  const auto of_b = best_after_each(b);
  std::vector<BestSoFar> rows;
  for (const std::size_t n : marks_up_to(std::min(of_a.size(), of_b.size())))
    rows.push_back({n, {of_a[n - 1], of_b[n - 1]}});
  return rows;
}

double between(const std::optional<tune::Timestamp>& start, const std::optional<tune::Timestamp>& end) {
  return start && end ? std::chrono::duration<double>(*end - *start).count() : 0.0;
}

StudyNumbers numbers_of(const StudyContent& content) {
  StudyNumbers numbers;
  std::optional<tune::Timestamp> first;
  std::optional<tune::Timestamp> last;
  for (const FrozenTrial& trial : content.trials) {
    ++numbers.n_by_state[static_cast<std::size_t>(trial.state)];
    if (!tune::is_finished(trial.state)) continue;
    numbers.trial_seconds += between(trial.datetime_start, trial.datetime_complete);
    if (trial.datetime_start && (!first || *trial.datetime_start < *first)) first = trial.datetime_start;
    if (trial.datetime_complete && (!last || *trial.datetime_complete > *last)) last = trial.datetime_complete;
    if (!is_scored(trial, content.study.directions)) continue;
    if (!numbers.best_value || is_better(trial.values[0], *numbers.best_value, content.study.directions[0])) {
      numbers.best_value = trial.values[0];
      numbers.best_trial = trial.number.value;
    }
  }
  numbers.span_seconds = between(first, last);
  return numbers;
}

bool same_number(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

std::string values_text(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(tune::to_text(tune::ParamValue(value)));
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
}

std::string differs(std::string_view what, const std::string& a, const std::string& b) {
  return fmt::format("{} is {} in the first and {} in the second", what, printable(a), printable(b));
}

std::string param_text(const tune::Param* param) {
  return param == nullptr ? "absent" : tune::to_json(param->external());
}

std::optional<std::string> param_difference(const FrozenTrial& a, const FrozenTrial& b) {
  std::vector<std::string> names;
  for (const FrozenTrial* trial : {&a, &b}) {
    for (const tune::Param& param : trial->params) names.push_back(param.name);
  }
  for (const std::string& name : names) {
    const tune::Param* of_a = a.find_param(name);
    const tune::Param* of_b = b.find_param(name);
    if (of_a != nullptr && of_b != nullptr && tune::same_value(of_a->external(), of_b->external())) continue;
    return differs("the parameter " + printable(name), param_text(of_a), param_text(of_b));
  }
  return std::nullopt;
}

std::map<std::int64_t, double> by_step(const FrozenTrial& trial) {
  std::map<std::int64_t, double> values;
  for (const auto& [step, value] : trial.intermediate) values[step] = value;
  return values;
}

std::optional<std::string> report_difference(const FrozenTrial& a, const FrozenTrial& b) {
  const auto of_a = by_step(a);
  const auto of_b = by_step(b);
  auto steps = of_a;
  steps.insert(of_b.begin(), of_b.end());
  const auto text = [](const auto& values, std::int64_t step) {
    const auto found = values.find(step);
    return values_text(found == values.end() ? std::vector<double>{} : std::vector{found->second});
  };
  for (const auto& [step, ignored] : steps) {
    if (text(of_a, step) != text(of_b, step))
      return differs(fmt::format("the report of step {}", step), text(of_a, step), text(of_b, step));
  }
  return std::nullopt;
}

std::optional<std::string> trial_difference(const FrozenTrial& a, const FrozenTrial& b) {
  if (const auto params = param_difference(a, b)) return params;
  if (const auto reports = report_difference(a, b)) return reports;
  if (a.state != b.state)
    return differs("the state", std::string(tune::to_string(a.state)), std::string(tune::to_string(b.state)));
  if (!std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(), same_number))
    return differs("the value", values_text(a.values), values_text(b.values));
  return std::nullopt;
}

std::optional<std::string> first_difference(const StudyContent& a, const StudyContent& b) {
  if (a.study.directions != b.study.directions) return "the studies have other directions";
  const std::size_t n_both = std::min(a.trials.size(), b.trials.size());
  for (std::size_t i = 0; i < n_both; ++i) {
    if (const auto difference = trial_difference(a.trials[i], b.trials[i]))
      return fmt::format("trial {}: {}", a.trials[i].number.value, *difference);
  }
  if (a.trials.size() == b.trials.size()) return std::nullopt;
  return fmt::format("trial {} is in the {} only", n_both, a.trials.size() > n_both ? "first" : "second");
}

}  // namespace

StudyDifference compare_studies(const StudyContent& a, const StudyContent& b) {
  return {setting_differences(a, b), {numbers_of(a), numbers_of(b)}, best_so_far(a, b), first_difference(a, b)};
}

}  // namespace fmnist_tune
