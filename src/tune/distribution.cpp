#include "tune/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <unordered_map>

#include "tune/error.hpp"
#include "tune/format/decimal_grid.hpp"
#include "tune/format/python_json.hpp"

namespace tune {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

/// Optuna's tolerance for "the value lies on the grid", in steps.
constexpr double kGridTolerance = 1e-8;

std::optional<double> as_number(const ParamValue& value) {
  if (const auto* b = std::get_if<bool>(&value)) return *b ? 1.0 : 0.0;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&value)) return *d;
  return std::nullopt;
}

FloatDistribution validated_float(FloatDistribution d) {
  if (!std::isfinite(d.low) || !std::isfinite(d.high)) {
    throw InvalidArgument(fmt::format("low and high must be finite, found low {} and high {}",
                                      format::python_float(d.low), format::python_float(d.high)));
  }
  if (d.low > d.high) {
    throw InvalidArgument(fmt::format("low must be <= high, found low {} and high {}",
                                      format::python_float(d.low), format::python_float(d.high)));
  }
  if (d.log && d.step) throw InvalidArgument("log and step exclude each other");
  if (d.log && d.low <= 0.0) {
    throw InvalidArgument(
        fmt::format("low must be > 0 because log is true, found {}", format::python_float(d.low)));
  }
  if (d.step) {
    if (!(*d.step > 0.0) || !std::isfinite(*d.step)) {
      throw InvalidArgument(fmt::format("step must be > 0, found {}", format::python_float(*d.step)));
    }
    d.high = format::last_grid_point(d.low, d.high, *d.step);
  }
  return d;
}

IntDistribution validated_int(IntDistribution d) {
  if (d.low > d.high) {
    throw InvalidArgument(fmt::format("low must be <= high, found low {} and high {}", d.low, d.high));
  }
  if (d.step < 1) throw InvalidArgument(fmt::format("step must be >= 1, found {}", d.step));
  if (d.log && d.low < 1) {
    throw InvalidArgument(fmt::format("low must be >= 1 because log is true, found {}", d.low));
  }
  if (d.log && d.step != 1) {
    throw InvalidArgument(fmt::format("step must be 1 because log is true, found {}", d.step));
  }
  // Unsigned: the width of a range of int64 may not fit an int64.
  const auto width = static_cast<std::uint64_t>(d.high) - static_cast<std::uint64_t>(d.low);
  d.high -= static_cast<std::int64_t>(width % static_cast<std::uint64_t>(d.step));
  return d;
}

/// Equal for values that are the same.
std::size_t hash_of(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return std::hash<std::string>()(*text);
  const double number = as_number(value).value_or(0.5);
  return std::isnan(number) ? 1 : std::hash<double>()(number);
}

/// A value that stands in the list before, or null. O(n) for n choices.
const ParamValue* find_twice(const ChoiceList& choices) {
  constexpr std::size_t kFew = 16;  // Comparing each with each is faster than hashing.
  for (std::size_t i = 0; i < choices.size() && choices.size() <= kFew; ++i) {
    const auto here = choices.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(choices.begin(), here, [&](const auto& c) { return same_value(c, *here); })) return &*here;
  }
  if (choices.size() <= kFew) return nullptr;
  std::unordered_multimap<std::size_t, const ParamValue*> seen;
  for (const ParamValue& choice : choices) {
    const auto [begin, end] = seen.equal_range(hash_of(choice));
    if (std::any_of(begin, end, [&](const auto& entry) { return same_value(*entry.second, choice); })) {
      return &choice;
    }
    seen.emplace(hash_of(choice), &choice);
  }
  return nullptr;
}

CategoricalDistribution validated_categorical(CategoricalDistribution d) {
  if (d.choices.empty()) throw InvalidArgument("choices must not be empty");
  if (const ParamValue* twice = find_twice(d.choices)) {
    throw InvalidArgument(fmt::format("choices must differ, found {} twice", to_json(*twice)));
  }
  return d;
}

std::string type_of(const ParamValue& value) {
  static constexpr std::array<const char*, 5> kNames = {"null", "a truth value", "an integer", "a number",
                                                        "a text"};
  return kNames.at(value.index());
}

double number_to_internal(const ParamValue& value, const char* expected) {
  const auto number = std::holds_alternative<bool>(value) ? std::nullopt : as_number(value);
  if (!number) {
    throw InvalidArgument(fmt::format("expected {}, found {} ({})", expected, to_json(value), type_of(value)));
  }
  return *number;
}

double choice_index(const CategoricalDistribution& d, const ParamValue& value) {
  const auto found = std::find_if(d.choices.begin(), d.choices.end(),
                                  [&](const ParamValue& choice) { return same_value(choice, value); });
  if (found != d.choices.end()) return static_cast<double>(found - d.choices.begin());
  std::string known;
  for (const auto& choice : d.choices) known += (known.empty() ? "" : ", ") + to_json(choice);
  throw InvalidArgument(fmt::format("expected one of {}, found {}", known, to_json(value)));
}

/// How far `value` lies above `low`, exact where int64 would overflow. Needs low <= value.
std::uint64_t offset(std::int64_t low, std::int64_t value) {
  return static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(low);
}

bool is_int64(double value) {
  return value >= -0x1p63 && value < 0x1p63 && value == std::floor(value);
}

bool contains_int(const IntDistribution& d, double internal) {
  if (!is_int64(internal)) return false;
  const auto value = static_cast<std::int64_t>(internal);
  return d.low <= value && value <= d.high && offset(d.low, value) % static_cast<std::uint64_t>(d.step) == 0;
}

/// Integer arithmetic throughout: a double cannot count the steps of a range wider than 2^53.
double nearest_int(const IntDistribution& d, double internal) {
  if (!(internal > static_cast<double>(d.low))) return static_cast<double>(d.low);
  if (internal >= static_cast<double>(d.high)) return static_cast<double>(d.high);
  const auto step = static_cast<std::uint64_t>(d.step);
  const std::uint64_t above_low = offset(d.low, static_cast<std::int64_t>(std::nearbyint(internal)));
  const std::uint64_t below = above_low - above_low % step;
  const bool up = above_low - below > step / 2 && offset(d.low, d.high) - below >= step;
  const std::uint64_t nearest = up ? below + step : below;
  return static_cast<double>(static_cast<std::int64_t>(static_cast<std::uint64_t>(d.low) + nearest));
}

}  // namespace

bool same_value(const ParamValue& a, const ParamValue& b) noexcept {
  const auto* text = std::get_if<std::string>(&a);
  const auto* other_text = std::get_if<std::string>(&b);
  if (text != nullptr || other_text != nullptr) {
    return text != nullptr && other_text != nullptr && *text == *other_text;
  }
  const auto* x = std::get_if<std::int64_t>(&a);
  const auto* y = std::get_if<std::int64_t>(&b);
  if (x != nullptr && y != nullptr) return *x == *y;
  const auto p = as_number(a);
  const auto q = as_number(b);
  if (p && q) return *p == *q || (std::isnan(*p) && std::isnan(*q));
  return a == b;
}

std::string to_json(const ParamValue& value) {
  return std::visit(Overloaded{[](std::monostate) { return std::string("null"); },
                               [](bool b) { return std::string(b ? "true" : "false"); },
                               [](std::int64_t i) { return std::to_string(i); },
                               [](double d) { return format::python_float(d); },
                               [](const std::string& s) { return format::python_string(s); }},
                    value);
}

std::string to_text(const ParamValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : to_json(value);
}

const std::vector<ParamValue>& ChoiceList::list() const {
  static const std::vector<ParamValue> kNone;
  return values_ ? *values_ : kNone;
}

bool operator==(const ChoiceList& a, const ChoiceList& b) {
  return a.values_ == b.values_ || std::equal(a.begin(), a.end(), b.begin(), b.end(), same_value);
}

Distribution validated(Distribution distribution) {
  return std::visit(
      Overloaded{[](FloatDistribution d) -> Distribution { return validated_float(d); },
                 [](IntDistribution d) -> Distribution { return validated_int(d); },
                 [](CategoricalDistribution d) -> Distribution { return validated_categorical(std::move(d)); }},
      std::move(distribution));
}

bool is_single(const Distribution& distribution) {
  return cardinality(distribution) == 1U;
}

bool contains(const Distribution& distribution, double internal) {
  return std::visit(Overloaded{[&](const FloatDistribution& d) {
                                 if (!(d.low <= internal && internal <= d.high)) return false;
                                 if (!d.step) return true;
                                 const double k = (internal - d.low) / *d.step;
                                 return std::abs(k - std::nearbyint(k)) < kGridTolerance;
                               },
                               [&](const IntDistribution& d) { return contains_int(d, internal); },
                               [&](const CategoricalDistribution& d) {
                                 return 0.0 <= internal && internal < static_cast<double>(d.choices.size()) &&
                                        internal == std::floor(internal);
                               }},
                    distribution);
}

double to_internal(const Distribution& distribution, const ParamValue& value) {
  return std::visit(Overloaded{[&](const FloatDistribution&) {
                                 const double number = number_to_internal(value, "a number");
                                 if (std::isnan(number)) throw InvalidArgument("expected a number, found NaN");
                                 return number;
                               },
                               [&](const IntDistribution&) {
                                 const double number = number_to_internal(value, "an integer");
                                 if (number != std::floor(number) || !std::isfinite(number)) {
                                   throw InvalidArgument("expected an integer, found " + to_json(value));
                                 }
                                 return number;
                               },
                               [&](const CategoricalDistribution& d) { return choice_index(d, value); }},
                    distribution);
}

ParamValue to_external(const Distribution& distribution, double internal) {
  return std::visit(
      Overloaded{[&](const FloatDistribution&) -> ParamValue { return internal; },
                 [&](const IntDistribution&) -> ParamValue {
                   // Beyond int64 there is no integer to give; the test is written to refuse NaN too.
                   if (!(internal >= -0x1p63 && internal < 0x1p63)) {
                     throw InvalidArgument("expected an integer, found " + format::python_float(internal));
                   }
                   return static_cast<std::int64_t>(internal);
                 },
                 [&](const CategoricalDistribution& d) -> ParamValue {
                   if (!contains(d, internal)) {
                     throw InvalidArgument(fmt::format("expected a choice index below {}, found {}",
                                                       d.choices.size(), format::python_float(internal)));
                   }
                   return d.choices[static_cast<std::size_t>(internal)];
                 }},
      distribution);
}

double clamp_to_domain(const Distribution& distribution, double internal) {
  return std::visit(
      Overloaded{[&](const FloatDistribution& d) {
                   const double x = std::clamp(internal, d.low, d.high);
                   if (!d.step) return x;
                   return std::clamp(d.low + std::nearbyint((x - d.low) / *d.step) * *d.step, d.low, d.high);
                 },
                 [&](const IntDistribution& d) { return nearest_int(d, internal); },
                 [&](const CategoricalDistribution& d) {
                   return std::clamp(std::nearbyint(internal), 0.0, static_cast<double>(d.choices.size() - 1));
                 }},
      distribution);
}

std::optional<std::uint64_t> cardinality(const Distribution& distribution) {
  return std::visit(
      Overloaded{
          [](const FloatDistribution& d) -> std::optional<std::uint64_t> {
            if (d.low == d.high) return 1;
            if (!d.step) return std::nullopt;
            const double steps = std::floor((d.high - d.low) / *d.step + kGridTolerance);
            return steps < 0x1p63 ? std::optional(static_cast<std::uint64_t>(steps) + 1) : std::nullopt;
          },
          [](const IntDistribution& d) -> std::optional<std::uint64_t> {
            const auto width = static_cast<std::uint64_t>(d.high) - static_cast<std::uint64_t>(d.low);
            const std::uint64_t steps = width / static_cast<std::uint64_t>(d.step);
            return steps == std::numeric_limits<std::uint64_t>::max() ? steps : steps + 1;
          },
          [](const CategoricalDistribution& d) -> std::optional<std::uint64_t> { return d.choices.size(); }},
      distribution);
}

double value_at(const Distribution& distribution, std::uint64_t position) {
  const auto k = static_cast<double>(position);
  if (const auto* real = std::get_if<FloatDistribution>(&distribution)) {
    return clamp_to_domain(distribution, real->low + k * real->step.value_or(0.0));
  }
  if (const auto* whole = std::get_if<IntDistribution>(&distribution)) {
    return static_cast<double>(whole->low + static_cast<std::int64_t>(position) * whole->step);
  }
  return k;
}

std::uint64_t position_of(const Distribution& distribution, double internal) {
  if (const auto* real = std::get_if<FloatDistribution>(&distribution)) {
    return static_cast<std::uint64_t>(std::llround((internal - real->low) / real->step.value_or(1.0)));
  }
  if (const auto* whole = std::get_if<IntDistribution>(&distribution)) {
    return static_cast<std::uint64_t>((static_cast<std::int64_t>(internal) - whole->low) / whole->step);
  }
  return static_cast<std::uint64_t>(internal);
}

void check_compatible(std::string_view name, const Distribution& stored, const Distribution& wanted) {
  const auto refuse = [&](const char* what) {
    throw InvalidArgument(fmt::format("parameter '{}' has another {} in this study: stored {}, wanted {}", name,
                                      what, to_json(stored), to_json(wanted)));
  };
  if (stored.index() != wanted.index()) refuse("kind");
  std::visit(Overloaded{[&](const FloatDistribution& d) {
                          if (d.log != std::get<FloatDistribution>(wanted).log) refuse("log");
                        },
                        [&](const IntDistribution& d) {
                          if (d.log != std::get<IntDistribution>(wanted).log) refuse("log");
                        },
                        [&](const CategoricalDistribution& d) {
                          if (!(d == std::get<CategoricalDistribution>(wanted))) refuse("list of choices");
                        }},
             stored);
}

}  // namespace tune
