#include "tune/storages/trial_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tune/format/python_json.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/json_text.hpp"
#include "tune/storages/kept_reports.hpp"

namespace tune::storages {
namespace {

/// Prefix of the attribute that successive halving keeps for a rung; its value is the one reported there.
constexpr std::string_view kRungPrefix = "completed_rung_";

void require(bool condition, const char* complaint) {
  if (!condition) {
    throw InvalidArgument(complaint);
  }
}

void require(bool condition, const std::string& complaint) {
  require(condition, complaint.c_str());
}

void check_values(std::span<const double> values, TrialState state, std::size_t n_objectives) {
  const bool may_be_empty = state != TrialState::kComplete;
  if (values.size() != n_objectives && !(may_be_empty && values.empty())) {
    throw InvalidArgument(fmt::format("a {} trial of this study takes {} value(s), not {}", to_string(state),
                                      n_objectives, values.size()));
  }
  require(std::none_of(values.begin(), values.end(), [](double value) { return std::isnan(value); }),
          "the value of a trial must not be NaN");
}

std::optional<std::int64_t> rung_of(std::string_view key) {
  if (!key.starts_with(kRungPrefix)) {
    return std::nullopt;
  }
  key.remove_prefix(kRungPrefix.size());
  std::int64_t rung = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), rung);
  return error == std::errc() && end == key.data() + key.size() ? std::optional(rung) : std::nullopt;
}

double mark_value(std::string_view text) {
  const auto json = format::parse_python_json(text);
  return json.is_number() ? json.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

bool same_number(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

/// Rung marks hold no step, but rungs are completed in order and a mark is the value reported then: the
/// first report of that value, not before the last rung's, made it.
std::set<std::string> marks_after(const FrozenTrial& trial, std::optional<std::int64_t> keep_through_step) {
  std::map<std::int64_t, std::string> rungs;
  for (const auto& [key, value] : trial.system_attrs) {
    if (const auto rung = rung_of(key)) {
      rungs.emplace(*rung, key);
    }
  }
  std::vector<IntermediateValue> reports = trial.intermediate;
  std::sort(reports.begin(), reports.end(), [](auto& a, auto& b) { return a.step < b.step; });

  std::set<std::string> gone;
  auto report = reports.begin();
  for (const auto& [rung, key] : rungs) {
    const double mark = mark_value(trial.system_attrs.at(key));
    report = std::find_if(report, reports.end(), [&](auto& r) { return same_number(r.value, mark); });
    const bool kept = keep_through_step && report != reports.end() && report->step <= *keep_through_step;
    if (!kept) {
      gone.insert(key);
    }
  }
  return gone;
}

void forget_reports_after(FrozenTrial& trial, std::optional<std::int64_t> keep_through_step) {
  for (const std::string& key : marks_after(trial, keep_through_step)) {
    trial.system_attrs.erase(key);
  }
  std::erase_if(trial.intermediate,
                [&](const auto& report) { return !keep_through_step || report.step > *keep_through_step; });
}

std::vector<std::string> rung_marks(const FrozenTrial& trial) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : trial.system_attrs) {
    if (rung_of(key)) {
      keys.push_back(key);
    }
  }
  return keys;
}

void erase_marks(FrozenTrial& trial) {
  for (const std::string_view key : {kOwnerKey, kHeartbeatKey}) {
    trial.system_attrs.erase(std::string(key));
  }
}

std::string fixed_params_with(const FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(kFixedParamsKey);
  auto members = object_members(stored == trial.system_attrs.end() ? "{}" : stored->second);
  for (const Param& param : trial.params) {
    const std::string value = tune::to_json(param.external());
    const auto same_name = [&](const auto& member) { return member.first == param.name; };
    const auto found = std::find_if(members.begin(), members.end(), same_name);
    if (found == members.end()) {
      members.emplace_back(param.name, value);
    } else {
      found->second = value;
    }
  }
  return object_from_members(members);
}

}  // namespace

void check_new_study(const NewStudy& study) {
  require(!study.name.empty(), "a study needs a name");
  require(!study.directions.empty(), "a study needs at least one direction");
  require(
      std::find(study.directions.begin(), study.directions.end(), Direction::kNotSet) == study.directions.end(),
      "each direction of a study must be minimize or maximize");
  check_attributes(study.user_attrs);
  check_attributes(study.system_attrs);
  for (const FrozenTrial& trial : study.trials) {
    check_added_trial(trial, study.directions.size());
  }
  std::for_each(study.queue.begin(), study.queue.end(), check_new_trial);
}

void check_attributes(const Attributes& attributes) {
  for (const auto& [key, value] : attributes) {
    if (!is_json(value)) {
      throw InvalidArgument(fmt::format("the value of attribute \"{}\" is not JSON: {:.200}", key, value));
    }
  }
}

void check_new_trial(const NewTrial& trial) {
  try {
    (void)object_members(trial.fixed_params);
  } catch (const FormatError& error) {
    throw InvalidArgument(std::string("fixed_params: ") + error.what());
  }
  require(!trial.system_attrs.contains(kFixedParamsKey),
          "fixed_params belongs into its own field, not among the system attributes");
  check_attributes(trial.user_attrs);
  check_attributes(trial.system_attrs);
}

void check_param(const Param& param) {
  bool valid = std::isfinite(param.value);
  if (const auto* categorical = std::get_if<CategoricalDistribution>(&param.distribution)) {
    valid = valid && param.value >= 0 && param.value < static_cast<double>(categorical->choices.size()) &&
            param.value == std::floor(param.value);
  }
  if (!valid) {
    throw InvalidArgument(fmt::format("{} is no value of parameter \"{}\", which is {}", param.value,
                                      param.name, tune::to_json(param.distribution)));
  }
}

void check_report(const IntermediateValue& report) {
  if (report.step < 0) {
    throw InvalidArgument(fmt::format("a step must not be negative, but is {}", report.step));
  }
}

void check_outcome(const Outcome& outcome, std::size_t n_objectives) {
  require(is_finished(outcome.state), "a trial can only be told as COMPLETE, PRUNED or FAIL");
  check_values(outcome.values, outcome.state, n_objectives);
  check_attributes(outcome.user_attrs);
  check_attributes(outcome.system_attrs);
}

void check_added_trial(const FrozenTrial& trial, std::size_t n_objectives) {
  require(trial.state != TrialState::kRunning, "a RUNNING trial cannot be added");
  check_values(trial.values, trial.state, n_objectives);
  std::set<std::string_view> names;
  for (const Param& param : trial.params) {
    check_param(param);
    require(names.insert(param.name).second, fmt::format("parameter \"{}\" is there twice", param.name));
  }
  std::set<std::int64_t> steps;
  for (const IntermediateValue& report : trial.intermediate) {
    check_report(report);
    require(steps.insert(report.step).second, fmt::format("step {} is there twice", report.step));
  }
  check_attributes(trial.user_attrs);
  check_attributes(trial.system_attrs);
}

bool is_new_param(const FrozenTrial& trial, const Param& wanted) {
  const Param* stored = trial.find_param(wanted.name);
  if (stored != nullptr && !(*stored == wanted)) {
    throw InvalidArgument(fmt::format("trial {} has parameter \"{}\" already, with another value",
                                      trial.number.value, wanted.name));
  }
  return stored == nullptr;
}

ReserveStatus may_reserve(const StudyLoad& load, std::optional<std::int64_t> max_trials,
                          std::optional<std::int64_t> max_size) {
  if (max_trials && load.finished >= *max_trials) {
    return ReserveStatus::kAllFinished;
  }
  if (max_trials && load.finished + load.running >= *max_trials) {
    return ReserveStatus::kOthersRunning;
  }
  if (load.has_waiting || !max_size || load.size < *max_size) {
    return ReserveStatus::kReserved;
  }
  return load.running > 0 ? ReserveStatus::kOthersRunning : ReserveStatus::kAllFinished;
}

Claim hand_out(FrozenTrial& trial, const Owner& owner, Timestamp time) {
  std::int64_t epoch = 0;
  const auto stored = trial.system_attrs.find(kOwnerKey);
  if (stored != trial.system_attrs.end()) {
    const auto mark = owner_mark_from_json(stored->second);
    epoch = mark ? mark->epoch + 1 : 0;
  }
  const Claim claim{trial.id, trial.number, owner, epoch};
  take_back(trial);
  if (is_nobody(owner)) {
    // Whoever computes it outside has no checkpoint and begins with the first step.
    forget_reports_after(trial, std::nullopt);
  } else {
    trial.system_attrs[std::string(kOwnerKey)] = expected_mark(claim);
  }
  trial.state = TrialState::kRunning;
  trial.datetime_start = time;
  trial.datetime_complete.reset();
  return claim;
}

void require_claim(const FrozenTrial& trial, const Claim& claim) {
  if (trial.state != TrialState::kRunning) {
    throw_stale(claim, fmt::format("its state is {}", to_string(trial.state)));
  }
  if (trial.number != claim.number) {
    throw_stale(claim, "the study was deleted");
  }
  const auto mark = trial.system_attrs.find(kOwnerKey);
  if (!holds(claim, mark == trial.system_attrs.end() ? std::string_view() : mark->second)) {
    throw_stale(claim, "another worker runs it");
  }
}

void finish(FrozenTrial& trial, const Outcome& outcome, Timestamp time) {
  trial.state = outcome.state;
  trial.values = outcome.values;
  trial.datetime_complete = time;
  erase_marks(trial);
  merge_attributes(trial.user_attrs, outcome.user_attrs);
  merge_attributes(trial.system_attrs, outcome.system_attrs);
}

void put_back(FrozenTrial& trial, std::optional<std::int64_t> keep_through_step) {
  forget_reports_after(trial, keep_through_step);
  keep_aside(trial, rung_marks(trial));
  trial.system_attrs[std::string(kFixedParamsKey)] = fixed_params_with(trial);
  trial.params.clear();

  const auto stored = trial.system_attrs.find(kOwnerKey);
  const auto mark = stored == trial.system_attrs.end() ? std::nullopt : owner_mark_from_json(stored->second);
  erase_marks(trial);
  if (mark) {
    trial.system_attrs[std::string(kOwnerKey)] = to_json(OwnerMark{std::nullopt, mark->epoch});
  }
  trial.state = TrialState::kWaiting;
  trial.datetime_start.reset();
}

std::int64_t count_death(FrozenTrial& trial, std::optional<std::int64_t> kept_step) {
  std::string& stored = trial.system_attrs[std::string(kDeathsKey)];
  const auto before = nlohmann::json::parse(stored, nullptr, /*allow_exceptions=*/false);
  const auto number = [&](const char* member) {
    const bool is_there = before.is_object() && before.contains(member) && before[member].is_number_integer();
    return is_there ? std::optional(before[member].get<std::int64_t>()) : std::nullopt;
  };
  const std::optional<std::int64_t> reached = number("step");
  const bool came_further = kept_step && (!reached || *kept_step > *reached);
  const std::int64_t n_deaths = came_further ? 1 : number("count").value_or(0) + 1;
  const std::string step = kept_step ? fmt::format(", \"step\": {}", *kept_step) : std::string();
  stored = fmt::format("{{\"count\": {}{}}}", n_deaths, step);
  return n_deaths;
}

Outcome death_of(const FrozenTrial& trial, std::int64_t n_deaths) {
  const std::string reason =
      fmt::format("{} processes that ran it ended without a word; the trial may be what ends them", n_deaths);
  return {TrialState::kFail,
          {},
          {},
          {{std::string(kReasonKey), format::python_string(reason)},
           {std::string(kDeathsKey), trial.system_attrs.at(std::string(kDeathsKey))}}};
}

FrozenTrial completed_for_adding(FrozenTrial trial, Timestamp time) {
  if (is_finished(trial.state)) {
    trial.datetime_start = trial.datetime_start.value_or(trial.datetime_complete.value_or(time));
    trial.datetime_complete = trial.datetime_complete.value_or(time);
  }
  return trial;
}

FrozenTrial queued(const NewTrial& trial) {
  FrozenTrial result;
  result.state = TrialState::kWaiting;
  result.user_attrs = trial.user_attrs;
  result.system_attrs = trial.system_attrs;
  result.system_attrs[std::string(kFixedParamsKey)] = trial.fixed_params;
  return result;
}

void merge_attributes(Attributes& into, const Attributes& from) {
  for (const auto& [key, value] : from) {
    into.insert_or_assign(key, value);
  }
}

}  // namespace tune::storages
