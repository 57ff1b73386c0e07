#include "cli/study_file/distribution_reader.hpp"

#include <fmt/core.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "cli/study_file/parameter_rules.hpp"

namespace fmnist_tune {
namespace {

using tune::OptionKind;
using tune::OptionSpec;
using tune::ParamValue;

const std::vector<std::string> kRangeKeys = {"type", "low", "high", "log", "step", "repeat", "when"};
const std::vector<std::string> kChoiceKeys = {"type", "choices", "repeat", "when"};

std::string text_of(const ParamValue& value) {
  return tune::to_text(value);
}

bool read_log(const Place& entry, bool& complained) {
  const std::optional<Place> log = entry.member("log");
  if (!log) return false;
  const std::optional<bool> value = log->read_bool();
  complained |= !value;
  return value.value_or(false);
}

/// Complains about a bound that the objective does not take.
bool is_taken(const Place& bound, const OptionSpec& spec, const ParamValue& value) {
  const auto expected = expected_instead(spec, value);
  if (expected) bound.complain(*expected);
  return !expected;
}

template <typename Number>
struct Bounds {
  Number low{};
  Number high{};
};

/// The bounds of a range, each of which the objective takes; `read` reads one.
template <typename Number, typename Read>
std::optional<Bounds<Number>> read_bounds(const Place& entry, const OptionSpec& spec, const char* expected,
                                          const Read& read) {
  const std::optional<Place> low_place = entry.required("low", expected);
  const std::optional<Place> high_place = entry.required("high", expected);
  const std::optional<Number> low = low_place ? read(*low_place) : std::nullopt;
  const std::optional<Number> high = high_place ? read(*high_place) : std::nullopt;
  const bool low_is_taken = low && is_taken(*low_place, spec, *low);
  const bool high_is_taken = high && is_taken(*high_place, spec, *high);
  if (!low_is_taken || !high_is_taken) return std::nullopt;
  return Bounds<Number>{low.value(), high.value()};
}

/// What both kinds of range have in common.
template <typename Number>
bool check_range(const Place& entry, const Bounds<Number>& bounds, bool log) {
  if (bounds.low > bounds.high) {
    entry.member("high")->complain(fmt::format("at least low, which is {}", text_of(bounds.low)));
    return false;
  }
  if (log && bounds.low <= Number{0}) {
    entry.member("low")->complain("a number > 0 because log is true");
    return false;
  }
  return true;
}

/// The study file must say what it means: Optuna lowers `high` silently instead.
bool check_step_divides(const Place& entry, const tune::Distribution& distribution, const ParamValue& high) {
  const tune::Distribution stored = tune::validated(distribution);
  const ParamValue last = std::visit(
      [](const auto& range) -> ParamValue {
        if constexpr (requires { range.high; }) return range.high;
        return {};
      },
      stored);
  if (tune::same_value(last, high)) return true;
  entry.member("step")->complain(
      fmt::format("a step that divides high - low (the last value below high would be {})", text_of(last)));
  return false;
}

std::optional<double> read_float_step(const Place& entry, bool log, bool& complained) {
  const std::optional<Place> place = entry.member("step");
  if (!place) return std::nullopt;
  const std::optional<double> step = place->read_number();
  complained = complained || !step;
  if (!step) return std::nullopt;
  if (log) {
    place->complain("no step, because log is true");
  } else if (*step <= 0.0) {
    place->complain("a number > 0");
  } else {
    return step;
  }
  complained = true;
  return std::nullopt;
}

std::optional<tune::Distribution> read_float(const Place& entry, const OptionSpec& spec) {
  const auto bounds =
      read_bounds<double>(entry, spec, "a number", [](const Place& place) { return place.read_number(); });
  bool complained = !bounds;
  const bool log = read_log(entry, complained);
  const std::optional<double> step = read_float_step(entry, log, complained);
  if (complained || !check_range(entry, *bounds, log)) return std::nullopt;
  const double width = bounds->high - bounds->low;
  if (!std::isfinite(width)) {
    entry.member("high")->complain("a range that a 64-bit number can hold");
    return std::nullopt;
  }
  const tune::FloatDistribution range{bounds->low, bounds->high, log, step};
  if (!step) return range;
  if (width / *step > static_cast<double>(kMaxExactInteger)) {
    entry.member("step")->complain("a step with at most 2^53 values in the range");
    return std::nullopt;
  }
  if (!check_step_divides(entry, range, bounds->high)) return std::nullopt;
  return range;
}

std::int64_t read_int_step(const Place& entry, bool log, bool& complained) {
  const std::optional<Place> place = entry.member("step");
  if (!place) return 1;
  const std::optional<std::int64_t> step = place->read_integer(1);
  complained = complained || !step;
  if (step && log && *step != 1) {
    place->complain("step 1 or none, because log is true");
    complained = true;
  }
  return step.value_or(1);
}

std::optional<tune::Distribution> read_int(const Place& entry, const OptionSpec& spec) {
  const auto bounds = read_bounds<std::int64_t>(entry, spec, "an integer",
                                                [](const Place& place) { return place.read_integer(); });
  bool complained = !bounds;
  const bool log = read_log(entry, complained);
  const std::int64_t step = read_int_step(entry, log, complained);
  if (complained || !check_range(entry, *bounds, log)) return std::nullopt;
  const tune::IntDistribution range{bounds->low, bounds->high, log, step};
  if (step != 1 && !check_step_divides(entry, range, bounds->high)) return std::nullopt;
  return range;
}

bool is_repeated(const std::vector<ParamValue>& choices, const ParamValue& value) {
  for (const ParamValue& choice : choices) {
    if (tune::same_value(choice, value)) return true;
  }
  return false;
}

std::optional<tune::Distribution> read_categorical(const Place& entry, const OptionSpec& spec) {
  const std::optional<Place> list = entry.required("choices", "a list of values");
  if (!list || !list->is_filled_list(kMaxChoices)) return std::nullopt;
  std::vector<ParamValue> choices;
  for (std::size_t i = 0; i < list->node().items.size(); ++i) {
    const Place item = list->item(i);
    const std::optional<ParamValue> value = read_option(item, spec);
    if (value && is_repeated(choices, *value)) {
      item.complain("each choice once", describe(item.node()) + " again");
    } else if (value) {
      choices.push_back(*value);
    }
  }
  if (choices.size() != list->node().items.size()) return std::nullopt;
  return tune::CategoricalDistribution{std::move(choices)};
}

/// The types that fit the objective's parameter, most natural first.
std::vector<std::string> fitting_types(const OptionSpec& spec) {
  if (spec.kind == OptionKind::kAny) return {"float", "int", "categorical"};
  if (spec.kind == OptionKind::kFloat) return {"float", "categorical"};
  if (spec.kind == OptionKind::kInt) return {"int", "categorical"};
  return {"categorical"};
}

std::string kind_name(const OptionSpec& spec) {
  switch (spec.kind) {
    case OptionKind::kFloat:
      return "a real number";
    case OptionKind::kInt:
      return "an integer";
    case OptionKind::kBool:
      return "true or false";
    case OptionKind::kString:
      return "a text";
    case OptionKind::kChoice:
      return "one of a list";
    case OptionKind::kPruner:
      return "a pruner";
    case OptionKind::kAny:
      return "anything";
    case OptionKind::kCommand:
      return "a command";
  }
  return {};
}

std::optional<std::string> read_type(const Place& entry, const OptionSpec& spec) {
  const std::optional<Place> place = entry.required("type", listed(fitting_types(spec)));
  std::optional<std::string> type = place ? place->read_choice({"float", "int", "categorical"}) : std::nullopt;
  if (!type) return std::nullopt;
  for (const std::string& fitting : fitting_types(spec)) {
    if (*type == fitting) return type;
  }
  place->complain(fmt::format("{}, because {} is {}", listed(fitting_types(spec)), spec.name, kind_name(spec)));
  return std::nullopt;
}

}  // namespace

std::optional<tune::Distribution> read_distribution(const Place& entry, const OptionSpec& spec) {
  if (!entry.is_object()) return std::nullopt;
  const std::optional<std::string> type = read_type(entry, spec);
  if (!type) return std::nullopt;
  entry.check_keys(*type == "categorical" ? kChoiceKeys : kRangeKeys);
  if (*type == "float") return read_float(entry, spec);
  return *type == "int" ? read_int(entry, spec) : read_categorical(entry, spec);
}

}  // namespace fmnist_tune
