#include "cli/run/rehearsal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "cli/output/json.hpp"
#include "cli/run/no_checkpoints.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using End = tune::TrialResult::End;

/// User attribute of the objective with a list a curve.
constexpr const char* kCurvesKey = "curves";
/// What the objective says of a trial that used up its time begins so.
constexpr std::string_view kTimeLimitReason = "time limit";

/// Shows the objective the stored trial's world.
class Stage final : public tune::TrialContext {
 public:
  Stage(const FrozenTrial& stored, const Rehearsal& rehearsal)
      : number_(stored.number),
        rehearsal_(rehearsal),
        stop_(stop_of(stored)),
        last_step_(stored.last_intermediate() ? std::optional(stored.last_intermediate()->step)
                                              : std::nullopt) {}

  [[nodiscard]] tune::TrialNumber number() const override { return number_; }
  [[nodiscard]] const tune::ParamValues& params() const override { return rehearsal_.params; }
  [[nodiscard]] const tune::DeviceSlot& slot() const override { return rehearsal_.slot; }
  [[nodiscard]] std::uint64_t training_seed() const override { return rehearsal_.training_seed; }
  [[nodiscard]] std::uint64_t training_trial() const override { return rehearsal_.training_trial; }
  [[nodiscard]] tune::StopReason stop_reason() const noexcept override {
    const bool is_over = stop_ == Stop::kByTimeLimit && is_at_last_step();
    return is_over ? tune::StopReason::kTimeLimit : tune::StopReason::kNone;
  }
  void report(double value, std::int64_t step) override { rehearsed_.reports.push_back({step, value}); }
  [[nodiscard]] bool should_prune() override { return stop_ == Stop::kByPruner && is_at_last_step(); }
  void set_user_attr(std::string key, std::string json) override {
    rehearsed_.user_attrs.insert_or_assign(std::move(key), std::move(json));
  }
  [[nodiscard]] tune::CheckpointStore& checkpoints() override { return checkpoints_; }

  [[nodiscard]] Rehearsed take(tune::TrialResult result) {
    rehearsed_.result = std::move(result);
    return std::move(rehearsed_);
  }

 private:
  [[nodiscard]] bool is_at_last_step() const noexcept {
    if (!last_step_) return true;
    return !rehearsed_.reports.empty() && rehearsed_.reports.back().step >= *last_step_;
  }

  tune::TrialNumber number_;
  const Rehearsal& rehearsal_;
  Stop stop_;
  std::optional<std::int64_t> last_step_;
  Rehearsed rehearsed_;
  NoCheckpoints checkpoints_;
};

bool is_same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// The number as it is stored, digit for digit.
std::string exact(double number) {
  return json_number(number).dump();
}

std::optional<std::string> difference_of_reports(const std::vector<tune::IntermediateValue>& stored,
                                                 const std::vector<tune::IntermediateValue>& now) {
  for (std::size_t i = 0; i < std::min(stored.size(), now.size()); ++i) {
    if (stored[i].step != now[i].step) {
      return fmt::format("step {} was reported where step {} is stored", now[i].step, stored[i].step);
    }
    if (!is_same(stored[i].value, now[i].value)) {
      return fmt::format("the intermediate value of step {} is {}, stored is {}", now[i].step,
                         exact(now[i].value), exact(stored[i].value));
    }
  }
  if (stored.size() == now.size()) return std::nullopt;
  return fmt::format("{} intermediate value(s) were reported, stored are {}", now.size(), stored.size());
}

std::optional<std::string> difference_of_values(const FrozenTrial& stored, const Rehearsed& rehearsed,
                                                const std::vector<bool>& is_measured) {
  const auto& now = rehearsed.result.values;
  if (stored.state != tune::TrialState::kComplete) return std::nullopt;
  if (now.size() != stored.values.size()) {
    return fmt::format("there are {} value(s), stored are {}", now.size(), stored.values.size());
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (is_measured.at(i) || is_same(now[i], stored.values[i])) continue;
    return fmt::format("value {} is {}, stored is {}", i, exact(now[i]), exact(stored.values[i]));
  }
  return std::nullopt;
}

Json curves_in(const tune::Attributes& attributes) {
  const auto found = attributes.find(kCurvesKey);
  return found == attributes.end() ? Json() : json_of_attribute(found->second);
}

std::optional<std::string> difference_of_curves(const Json& stored, const Json& now) {
  if (stored == now) return std::nullopt;
  if (!stored.is_object() || !now.is_object()) return "one has curves, the other has none";
  for (const auto& [name, curve] : now.items()) {
    if (!stored.contains(name)) return fmt::format("the stored trial has no curve {}", name);
    for (std::size_t i = 0; i < std::min(curve.size(), stored[name].size()); ++i) {
      if (curve[i] == stored[name][i]) continue;
      return fmt::format("curve {} is {} in epoch {}, stored is {}", name, curve[i].dump(), i + 1,
                         stored[name][i].dump());
    }
    if (curve.size() != stored[name].size()) {
      return fmt::format("curve {} has {} epoch(s), stored are {}", name, curve.size(), stored[name].size());
    }
  }
  return "there are other curves";
}

const char* end_text(End end) {
  return end == End::kComplete ? "COMPLETE" : end == End::kPruned ? "PRUNED" : "interrupted";
}

std::string reason_in(const FrozenTrial& trial) {
  const auto found = trial.system_attrs.find(tune::kReasonKey);
  const Json reason = found == trial.system_attrs.end() ? Json() : json_of_attribute(found->second);
  return reason.is_string() ? reason.get<std::string>() : std::string();
}

}  // namespace

Stop stop_of(const FrozenTrial& trial) {
  if (trial.state != tune::TrialState::kPruned) return Stop::kByItself;
  const std::string reason = reason_in(trial);
  if (reason.empty()) return Stop::kByPruner;
  return reason.starts_with(kTimeLimitReason) ? Stop::kByTimeLimit : Stop::kByItself;
}

Rehearsed rehearse(tune::Objective& objective, const FrozenTrial& stored, const Rehearsal& rehearsal) {
  Stage stage(stored, rehearsal);
  objective.prepare_worker(rehearsal.slot);
  auto result = objective.run(stage);
  return stage.take(std::move(result));
}

std::optional<std::string> first_difference(const FrozenTrial& stored, const Rehearsed& rehearsed,
                                            const std::vector<bool>& is_measured) {
  if (auto found = difference_of_reports(stored.intermediate, rehearsed.reports)) return found;
  const std::string_view state = end_text(rehearsed.result.end);
  if (state != tune::to_string(stored.state)) {
    return fmt::format("it is {}, stored is {}", state, tune::to_string(stored.state));
  }
  if (auto found = difference_of_values(stored, rehearsed, is_measured)) return found;
  if (auto found = difference_of_curves(curves_in(stored.user_attrs), curves_in(rehearsed.user_attrs)))
    return found;
  const std::string reason = reason_in(stored);
  if (reason == rehearsed.result.reason) return std::nullopt;
  return fmt::format("it ended with \"{}\", stored is \"{}\"", rehearsed.result.reason, reason);
}

}  // namespace fmnist_tune
