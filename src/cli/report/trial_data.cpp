#include "cli/report/trial_data.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>

#include "cli/output/trial_reason.hpp"
#include "tune/error.hpp"

namespace fmnist_tune::report {
namespace {

/// The user attribute with learning curves: an object of lists of numbers, one an epoch.
constexpr std::string_view kCurvesKey = "curves";
constexpr std::size_t kLongestAttribute = 400;
constexpr std::size_t kMostNumbers = 500'000;

double milliseconds(tune::Timestamp time) {
  return static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

/// Which of `size` entries are kept.
std::vector<std::size_t> kept_positions(std::size_t size, std::size_t most) {
  std::vector<std::size_t> positions;
  const std::size_t n = std::min(size, std::max<std::size_t>(most, 2));
  for (std::size_t i = 0; i < n; ++i) positions.push_back(n == 1 ? 0 : i * (size - 1) / (n - 1));
  return positions;
}

/// Curves are for looking at: six digits are more than a screen shows.
Json rounded(const Json& number) {
  if (!number.is_number_float()) return number;
  const double value = number.get<double>();
  if (value == 0.0 || !std::isfinite(value)) return json_number(value);
  const double scale = std::pow(10.0, 5.0 - std::floor(std::log10(std::abs(value))));
  const double text = std::round(value * scale) / scale;
  return std::isfinite(text) ? text : value;
}

void add_reports(Json& json, const tune::FrozenTrial& trial, std::size_t most) {
  if (trial.intermediate.empty()) return;
  std::vector<tune::IntermediateValue> reports = trial.intermediate;
  std::sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  Json steps = Json::array();
  Json values = Json::array();
  for (const std::size_t i : kept_positions(reports.size(), most)) {
    steps.push_back(reports[i].step);
    values.push_back(json_number(reports[i].value));
  }
  if (values.size() < reports.size()) json["thinned"] = true;
  json["steps"] = std::move(steps);
  json["reports"] = std::move(values);
}

bool is_number_or_its_name(const Json& entry) {
  return entry.is_number() || entry == "NaN" || entry == "Infinity" || entry == "-Infinity";
}

bool is_curve(const Json& list) {
  return list.is_array() && !list.empty() && std::all_of(list.begin(), list.end(), is_number_or_its_name);
}

/// Lists of numbers by name; what is something else is left out. Points are `[epoch, value]` apart: the page
/// counts epochs from `epochs`.
void add_curves(Json& json, const Json& stored, std::size_t most) {
  Json curves = Json::object();
  for (const auto& [name, list] : stored.items()) {
    if (!is_curve(list)) continue;
    Json epochs = Json::array();
    Json values = Json::array();
    for (const std::size_t i : kept_positions(list.size(), most)) {
      epochs.push_back(i + 1);
      values.push_back(rounded(list[i]));
    }
    if (values.size() < list.size()) json["thinned"] = true;
    curves[name] = {{"epochs", std::move(epochs)}, {"values", std::move(values)}};
  }
  if (!curves.empty()) json["curves"] = std::move(curves);
}

/// Texts stand as they are, the rest as JSON.
std::string attribute_text(const Json& value) {
  std::string text =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kLongestAttribute) return text;
  std::size_t end = kLongestAttribute;
  // A character of several bytes is kept whole.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

void add_attributes(Json& json, const tune::FrozenTrial& trial, std::size_t most_points) {
  Json attributes = Json::object();
  for (const auto& [name, text] : trial.user_attrs) {
    const Json value = json_of_attribute(text);
    if (name == kCurvesKey && value.is_object()) {
      add_curves(json, value, most_points);
    } else {
      attributes[name] = attribute_text(value);
    }
  }
  if (!attributes.empty()) json["attrs"] = std::move(attributes);
}

/// NaN where a constraint is NaN or cannot be read: such a trial is not feasible either.
void add_violation(Json& json, const tune::FrozenTrial& trial) {
  try {
    const auto constraints = trial.constraints();
    if (constraints.empty()) return;
    const bool is_clear =
        std::none_of(constraints.begin(), constraints.end(), [](double value) { return std::isnan(value); });
    json["violation"] =
        json_number(is_clear ? tune::total_violation(constraints) : std::numeric_limits<double>::quiet_NaN());
  } catch (const tune::FormatError&) {
    json["violation"] = "NaN";
  }
}

}  // namespace

TrialDetail detail_for(std::size_t n_trials) {
  // By powers of two: a study that grows by a trial keeps what was sent of the others.
  const std::size_t n = std::bit_ceil(std::max<std::size_t>(n_trials, 1));
  return {std::clamp<std::size_t>(kMostNumbers / n, 20, 500),
          std::clamp<std::size_t>(kMostNumbers / n / 4, 10, 200)};
}

std::string trial_text(const tune::FrozenTrial& trial, const ParameterList& parameters,
                       const TrialDetail& detail) {
  Json json = {{"number", trial.number.value}, {"state", tune::to_string(trial.state)}};
  for (const double value : trial.values) json["values"].push_back(json_number(value));
  if (!trial.params.empty()) json["params"] = parameters.values_of(trial);
  if (trial.datetime_start) json["start"] = milliseconds(*trial.datetime_start);
  if (trial.datetime_complete) json["end"] = milliseconds(*trial.datetime_complete);
  if (const auto reason = reason_of(trial)) json["reason"] = *reason;
  add_violation(json, trial);
  add_reports(json, trial, detail.n_reports);
  add_attributes(json, trial, detail.n_curve_points);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace fmnist_tune::report
