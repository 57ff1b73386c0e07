#include "tune/running_trial.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tune/error.hpp"
#include "tune/format/param_json.hpp"

namespace tune {
namespace {

/// `width` for `width_l3`, empty for a name without a layer.
std::string_view without_layer(std::string_view name) {
  const std::size_t suffix = name.rfind("_l");
  if (suffix == std::string_view::npos || suffix + 2 == name.size()) return {};
  const auto digits = name.substr(suffix + 2);
  const bool numeric = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return numeric ? name.substr(0, suffix) : std::string_view{};
}

const OptionSpec* find_spec(const std::vector<OptionSpec>& specs, std::string_view name) {
  const auto base = without_layer(name);
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const OptionSpec& spec) {
    return spec.name == name || (spec.per_layer && spec.name == base);
  });
  return found == specs.end() ? find_option(specs, kAnyName) : &*found;
}

using Clock = std::chrono::steady_clock;

std::optional<Clock::time_point> deadline_of(const RunOptions& options) {
  if (!options.max_trial_time) return std::nullopt;
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(*options.max_trial_time);
}

}  // namespace

ParamValues complete_params(const ParamValues& suggested, const ParamValues& fixed,
                            const std::vector<OptionSpec>& parameters) {
  ParamValues values = suggested;
  values.insert(fixed.begin(), fixed.end());
  for (const auto& spec : parameters) {
    if (!std::holds_alternative<std::monostate>(spec.default_value))
      values.emplace(spec.name, spec.default_value);
  }
  return values;
}

void check_params(const ParamValues& params, const std::vector<OptionSpec>& parameters) {
  for (const auto& [name, value] : params) {
    const OptionSpec* spec = find_spec(parameters, name);
    if (spec == nullptr) throw InvalidArgument(fmt::format("the objective has no parameter '{}'", name));
    if (const auto what = complaint(*spec, value)) {
      throw InvalidArgument(fmt::format("parameter '{}': {}, found {}", name, *what, to_json(value)));
    }
  }
}

RunningTrial::RunningTrial(Trial& trial, Surroundings surroundings)
    : trial_(trial),
      around_(std::move(surroundings)),
      params_(complete_params(trial.params(), around_.options.fixed, around_.options.parameters)),
      deadline_(deadline_of(around_.options)),
      checkpoints_(around_.options.checkpoints.get(), trial.number(), fingerprint(), around_.checkpoint_hooks) {
}

std::string RunningTrial::fingerprint() const {
  return fmt::format("study seed {}, training seed {}, training trial {}, {}", around_.study_seed,
                     training_seed(), training_trial(), format::params_to_json(params_));
}

std::uint64_t RunningTrial::training_seed() const {
  return around_.options.training_seed.value_or(around_.study_seed);
}

std::uint64_t RunningTrial::training_trial() const {
  // A training seed of its own makes every configuration meet the same random numbers, replicate by replicate.
  const std::int64_t key = around_.options.training_seed ? trial_.replicate() : trial_.number().value;
  return static_cast<std::uint64_t>(key);
}

StopReason RunningTrial::stop_reason() const noexcept {
  if (around_.stop || around_.abort || is_lost_) return StopReason::kInterrupted;
  if (!deadline_) return StopReason::kNone;
  const auto before = std::chrono::duration_cast<Clock::duration>(checkpoints_.time_before());
  return Clock::now() >= *deadline_ - before ? StopReason::kTimeLimit : StopReason::kNone;
}

void RunningTrial::report(double value, std::int64_t step) {
  trial_.report(value, step);
  around_.on_report(number(), {step, value});
}

void RunningTrial::set_user_attr(std::string key, std::string json) {
  trial_.set_user_attr(std::move(key), std::move(json));
}

}  // namespace tune
