#include "cli/study_file/differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/study_file/domain.hpp"
#include "cli/study_file/parameter_rules.hpp"

namespace fmnist_tune {
namespace {

using tune::ParamValue;
using Values = std::map<std::string, ParamValue, std::less<>>;

/// Settings that leave the results of a trial as they are. Whether the engine may change is decided where it is
/// known which one a run would get.
constexpr const char* kMayChange[] = {kEngineSetting, "timeout_seconds", "grace_seconds", "log_mib", "path"};

class Comparison {
 public:
  Comparison(const StudyConfig& stored, const StudyConfig& now) : stored_(&stored), now_(&now) {}

  Differences compare() {
    compare_objectives();
    compare_constraints();
    compare_settings();
    compare_values("fixed", stored_->fixed, now_->fixed, result_.refused);
    compare_space();
    compare_points();
    compare_numbers();
    compare_algorithms();
    compare_limits();
    return std::move(result_);
  }

 private:
  void compare_objectives();
  void compare_constraints();
  void compare_settings();
  void compare_values(const std::string& where, const Values& stored, const Values& now,
                      std::vector<std::string>& out);
  void compare_space();
  [[nodiscard]] bool is_further_layer(const tune::ParameterDeclaration& declaration,
                                      const tune::SearchSpace& other) const;
  void compare_parameter(const tune::ParameterDeclaration& stored, const tune::ParameterDeclaration& now);
  void compare_points();
  void compare_numbers();
  void compare_algorithms();
  void compare_limits();

  /// One sentence when the two texts differ.
  static void say(const std::string& what, const std::string& stored, const std::string& now,
                  std::vector<std::string>& out) {
    if (stored != now) out.push_back(fmt::format("{}: {} is now {}", what, stored, now));
  }

  const StudyConfig* stored_;
  const StudyConfig* now_;
  Differences result_;
};

template <typename T>
std::string optional_text(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : "none";
}

std::string text_of(const std::vector<ObjectiveGoal>& goals) {
  std::string text;
  for (const ObjectiveGoal& goal : goals) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        goal.direction == tune::Direction::kMinimize ? "minimize" : "maximize", goal.metric);
  }
  return text;
}

std::string text_of(const std::vector<ConstraintBound>& bounds) {
  std::vector<std::string> texts;
  for (const ConstraintBound& bound : bounds) {
    if (bound.at_least) texts.push_back(fmt::format("{} at least {}", bound.metric, *bound.at_least));
    if (bound.at_most) texts.push_back(fmt::format("{} at most {}", bound.metric, *bound.at_most));
  }
  return texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", "));
}

std::string kind_of(const tune::Distribution& distribution) {
  if (std::holds_alternative<tune::FloatDistribution>(distribution)) return "float";
  return std::holds_alternative<tune::IntDistribution>(distribution) ? "int" : "categorical";
}

bool is_log(const tune::Distribution& distribution) {
  if (const auto* real = std::get_if<tune::FloatDistribution>(&distribution)) return real->log;
  const auto* integer = std::get_if<tune::IntDistribution>(&distribution);
  return integer != nullptr && integer->log;
}

std::string text_of(const tune::Condition& condition) {
  if (const auto* count = std::get_if<tune::WhenAtLeast>(&condition)) {
    return fmt::format("{} >= {}", count->parent, count->minimum);
  }
  const auto& choice = std::get<tune::WhenOneOf>(condition);
  return fmt::format("{} is {}", choice.parent, domain_text(tune::CategoricalDistribution{choice.values}));
}

std::string conditions_text(const tune::ParameterDeclaration& declaration) {
  std::set<std::string> texts;
  for (const tune::Condition& condition : declaration.conditions) texts.insert(text_of(condition));
  return texts.empty() ? "always" : fmt::format("when {}", fmt::join(texts, " and "));
}

/// A wrapped pruner and a command are texts in JSON already.
std::string option_text(const ParamValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  const bool is_json = text != nullptr && (text->starts_with('{') || text->starts_with('['));
  return is_json ? *text : tune::to_json(value);
}

std::string options_text(const std::string& type, const GivenOptions& options) {
  std::string text = type;
  for (const auto& [name, value] : options) text += fmt::format(", {} {}", name, option_text(value));
  return text;
}

std::string duplicates_text(std::optional<tune::Duplicates> duplicates) {
  if (!duplicates) return "as the sampler does";
  return duplicates == tune::Duplicates::kAvoid ? "avoid" : "allow";
}

/// The value of that name, if there is one, moved out of the others.
Values taken_out(Values& values, std::string_view name) {
  Values taken;
  if (const auto found = values.find(name); found != values.end()) taken.insert(values.extract(found));
  return taken;
}

void Comparison::compare_objectives() {
  say("objectives", text_of(stored_->objectives), text_of(now_->objectives), result_.refused);
  say("objective type", stored_->objective.type, now_->objective.type, result_.refused);
}

void Comparison::compare_constraints() {
  say("constraints", text_of(stored_->constraints), text_of(now_->constraints), result_.refused);
}

void Comparison::compare_settings() {
  Values stored = stored_->objective.settings.all();
  Values now = now_->objective.settings.all();
  for (const char* name : kMayChange) {
    compare_values("objective", taken_out(stored, name), taken_out(now, name), result_.accepted);
  }
  compare_values("objective", stored, now, result_.refused);
}

void Comparison::compare_values(const std::string& where, const Values& stored, const Values& now,
                                std::vector<std::string>& out) {
  std::set<std::string> names;
  for (const auto& [name, value] : stored) names.insert(name);
  for (const auto& [name, value] : now) names.insert(name);
  const auto text = [](const Values& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string("none") : option_text(found->second);
  };
  for (const std::string& name : names) say(where + "/" + name, text(stored, name), text(now, name), out);
}

/// More layers come from a wider range of the parameter that counts them, which is allowed.
bool Comparison::is_further_layer(const tune::ParameterDeclaration& declaration,
                                  const tune::SearchSpace& other) const {
  const bool is_counted = std::any_of(
      declaration.conditions.begin(), declaration.conditions.end(),
      [](const tune::Condition& condition) { return std::holds_alternative<tune::WhenAtLeast>(condition); });
  const auto base = name_without_layer(declaration.name);
  return is_counted && base && other.find(layer_name(*base, 0)) != nullptr;
}

void Comparison::compare_space() {
  for (const tune::ParameterDeclaration& declaration : stored_->space.parameters()) {
    if (const tune::ParameterDeclaration* now = now_->space.find(declaration.name)) {
      compare_parameter(declaration, *now);
    } else if (!is_further_layer(declaration, now_->space)) {
      result_.refused.push_back(fmt::format("space/{}: is no longer searched", declaration.name));
    }
  }
  for (const tune::ParameterDeclaration& declaration : now_->space.parameters()) {
    const bool is_old = stored_->space.find(declaration.name) != nullptr;
    if (!is_old && !is_further_layer(declaration, stored_->space)) {
      result_.refused.push_back(fmt::format("space/{}: was not searched before", declaration.name));
    }
  }
}

void Comparison::compare_parameter(const tune::ParameterDeclaration& stored,
                                   const tune::ParameterDeclaration& now) {
  const std::string where = "space/" + stored.name;
  say(where + " exists", conditions_text(stored), conditions_text(now), result_.refused);
  const std::string stored_kind = kind_of(stored.distribution);
  say(where + "/type", stored_kind, kind_of(now.distribution), result_.refused);
  if (stored_kind != kind_of(now.distribution)) return;
  say(where + "/log", is_log(stored.distribution) ? "true" : "false",
      is_log(now.distribution) ? "true" : "false", result_.refused);
  if (stored_kind != "categorical") {
    say(where, domain_text(stored.distribution), domain_text(now.distribution), result_.accepted);
  } else if (!(stored.distribution == now.distribution)) {
    result_.refused.push_back(fmt::format("{}/choices: {} is now {}", where, domain_text(stored.distribution),
                                          domain_text(now.distribution)));
  }
}

void Comparison::compare_points() {
  const auto& before = stored_->points;
  const auto& after = now_->points;
  if (after.size() < before.size() || !std::equal(before.begin(), before.end(), after.begin())) {
    result_.refused.push_back("points: the first ones are no longer those of the study");
  } else if (after.size() > before.size()) {
    result_.accepted.push_back(fmt::format("points: {} more", after.size() - before.size()));
  }
}

void Comparison::compare_numbers() {
  say("replicates", std::to_string(stored_->replicates), std::to_string(now_->replicates), result_.refused);
  say("reproducible/window", optional_text(stored_->reproducible_window),
      optional_text(now_->reproducible_window), result_.refused);
  say("training_seed", optional_text(stored_->training_seed), optional_text(now_->training_seed),
      result_.refused);
}

void Comparison::compare_algorithms() {
  say("sampler", options_text(stored_->sampler.type, stored_->sampler.options),
      options_text(now_->sampler.type, now_->sampler.options), result_.accepted);
  say("sampler/seed", std::to_string(stored_->sampler.seed), std::to_string(now_->sampler.seed),
      result_.accepted);
  say("duplicates", duplicates_text(stored_->duplicates), duplicates_text(now_->duplicates), result_.accepted);
  say("pruner", options_text(stored_->pruner.type, stored_->pruner.options),
      options_text(now_->pruner.type, now_->pruner.options), result_.accepted);
}

void Comparison::compare_limits() {
  say("limits/max_trial_seconds", optional_text(stored_->limits.max_trial_seconds),
      optional_text(now_->limits.max_trial_seconds), result_.accepted);
  say("limits/max_trial_memory_mib", optional_text(stored_->limits.max_trial_memory_mib),
      optional_text(now_->limits.max_trial_memory_mib), result_.accepted);
  say("limits/max_epoch_gflops", optional_text(stored_->limits.max_epoch_gflops),
      optional_text(now_->limits.max_epoch_gflops), result_.accepted);
  say("limits/stagnation", optional_text(stored_->limits.stagnation), optional_text(now_->limits.stagnation),
      result_.accepted);
  say("limits/failures_in_row", optional_text(stored_->limits.failures_in_row),
      optional_text(now_->limits.failures_in_row), result_.accepted);
}

}  // namespace

Differences differences(const StudyConfig& stored, const StudyConfig& now) {
  return Comparison(stored, now).compare();
}

}  // namespace fmnist_tune
