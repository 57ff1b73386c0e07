#include "tune/frozen_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"

namespace tune {
namespace {

constexpr std::array<std::pair<TrialState, std::string_view>, 5> kStateNames = {{
    {TrialState::kRunning, "RUNNING"},
    {TrialState::kComplete, "COMPLETE"},
    {TrialState::kPruned, "PRUNED"},
    {TrialState::kFail, "FAIL"},
    {TrialState::kWaiting, "WAITING"},
}};

constexpr std::array<std::pair<Direction, std::string_view>, 3> kDirectionNames = {{
    {Direction::kNotSet, "NOT_SET"},
    {Direction::kMinimize, "MINIMIZE"},
    {Direction::kMaximize, "MAXIMIZE"},
}};

/// Reads exactly `width` digits at `position` and steps over them.
int read_digits(std::string_view text, std::size_t& position, std::size_t width) {
  int value = 0;
  const char* begin = text.data() + position;
  if (position + width > text.size() || *begin < '0' || *begin > '9') throw FormatError("");
  const auto [end, error] = std::from_chars(begin, begin + width, value);
  if (error != std::errc{} || end != begin + width) throw FormatError("");
  position += width;
  return value;
}

void read_char(std::string_view text, std::size_t& position, char expected) {
  if (position >= text.size() || text[position] != expected) throw FormatError("");
  ++position;
}

std::chrono::microseconds read_fraction(std::string_view text, std::size_t& position) {
  if (position == text.size()) return std::chrono::microseconds{0};
  read_char(text, position, '.');
  const std::size_t width = text.size() - position;
  if (width < 1 || width > 6) throw FormatError("");
  return std::chrono::microseconds{read_digits(text, position, width)};
}

Timestamp parse_timestamp(std::string_view text) {
  std::size_t at = 0;
  const int year = read_digits(text, at, 4);
  read_char(text, at, '-');
  const int month = read_digits(text, at, 2);
  read_char(text, at, '-');
  const int day = read_digits(text, at, 2);
  read_char(text, at, ' ');
  const std::chrono::hours hours{read_digits(text, at, 2)};
  read_char(text, at, ':');
  const std::chrono::minutes minutes{read_digits(text, at, 2)};
  read_char(text, at, ':');
  const std::chrono::seconds seconds{read_digits(text, at, 2)};
  const auto fraction = read_fraction(text, at);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hours.count() > 23 || minutes.count() > 59 || seconds.count() > 59) throw FormatError("");
  return std::chrono::sys_days{date} + hours + minutes + seconds + fraction;
}

/// Constraints by name, in the order they were found; those of the list are named by their index.
using NamedConstraints = std::vector<std::pair<std::string, double>>;

/// What is no number cannot be met, so it counts as NaN.
double constraint_from(const nlohmann::ordered_json& node) {
  if (node.is_boolean()) return node.get<bool>() ? 1.0 : 0.0;
  return node.is_number() ? node.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

void put_constraint(NamedConstraints& constraints, const std::string& name,
                    const nlohmann::ordered_json& node) {
  const auto found = std::find_if(constraints.begin(), constraints.end(),
                                  [&](const auto& constraint) { return constraint.first == name; });
  if (found != constraints.end()) constraints.erase(found);
  if (!node.is_null()) constraints.emplace_back(name, constraint_from(node));
}

bool is_constraint_key(std::string_view key) {
  return key == kConstraintsKey || key.starts_with(std::string(kConstraintsKey) + ":");
}

}  // namespace

std::string_view to_string(TrialState state) {
  return kStateNames.at(static_cast<std::size_t>(state)).second;
}

TrialState trial_state_from_string(std::string_view text) {
  for (const auto& [state, name] : kStateNames) {
    if (name == text) return state;
  }
  throw FormatError(
      fmt::format("not a trial state: '{}' (expected RUNNING, COMPLETE, PRUNED, FAIL or WAITING)", text));
}

std::string_view to_string(Direction direction) {
  return kDirectionNames.at(static_cast<std::size_t>(direction)).second;
}

Direction direction_from_string(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  for (const auto& [direction, name] : kDirectionNames) {
    if (name == upper) return direction;
  }
  throw FormatError(fmt::format("not a direction: '{}' (expected minimize or maximize)", text));
}

Timestamp now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_string(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Timestamp timestamp_from_string(std::string_view text) {
  try {
    return parse_timestamp(text);
  } catch (const FormatError&) {
    throw FormatError(fmt::format("not a time: '{}' (expected YYYY-MM-DD HH:MM:SS.ffffff)", text));
  }
}

const Param* FrozenTrial::find_param(std::string_view name) const {
  const auto found = std::find_if(params.begin(), params.end(), [&](const Param& p) { return p.name == name; });
  return found == params.end() ? nullptr : &*found;
}

std::optional<IntermediateValue> FrozenTrial::last_intermediate() const {
  const auto last =
      std::max_element(intermediate.begin(), intermediate.end(),
                       [](const IntermediateValue& a, const IntermediateValue& b) { return a.step < b.step; });
  return last == intermediate.end() ? std::nullopt : std::optional(*last);
}

std::vector<double> constraint_values(const Attributes& system_attrs) {
  constexpr std::size_t kPrefix = kConstraintsKey.size() + 1;
  NamedConstraints constraints;
  std::size_t index = 0;
  for (auto it = system_attrs.lower_bound(kConstraintsKey); it != system_attrs.end(); ++it) {
    if (!it->first.starts_with(kConstraintsKey)) break;
    if (!is_constraint_key(it->first)) continue;
    const auto node = format::parse_python_json(it->second);
    if (node.is_discarded()) throw FormatError("constraints are not JSON: " + it->second.substr(0, 200));
    if (it->first == kConstraintsKey && node.is_array()) {
      for (const auto& item : node) put_constraint(constraints, std::to_string(index++), item);
    } else {
      put_constraint(constraints, it->first.substr(std::min(kPrefix, it->first.size())), node);
    }
  }
  std::vector<double> values;
  for (const auto& [name, value] : constraints) values.push_back(value);
  return values;
}

double total_violation(const std::vector<double>& constraints) {
  double sum = 0.0;
  for (const double value : constraints) {
    if (value > 0.0) sum += value;
  }
  return sum;
}

std::vector<double> FrozenTrial::constraints() const {
  return constraint_values(system_attrs);
}

double FrozenTrial::violation() const {
  return total_violation(constraints());
}

std::optional<std::chrono::microseconds> FrozenTrial::duration() const {
  if (!datetime_start || !datetime_complete) return std::nullopt;
  return *datetime_complete - *datetime_start;
}

}  // namespace tune
