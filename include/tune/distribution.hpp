#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tune {

/// The value of a parameter as a person writes it (Optuna's external representation): null, a truth value,
/// an integer, a number or a text.
using ParamValue = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// Equality as Optuna (Python) compares choices: numbers by value across bool, int and float, NaN equal to
/// NaN, everything else by type and value.
[[nodiscard]] bool same_value(const ParamValue& a, const ParamValue& b) noexcept;

/// JSON text of a value as Python's `json.dumps` writes it: shortest round-trip numbers with `.0` for
/// whole floats (`1e-05`, `0.1`, `16.0`), ASCII with \u escapes, `NaN` and `Infinity` as bare words.
[[nodiscard]] std::string to_json(const ParamValue& value);

/// The text a person reads: like `to_json`, a string without quotes.
[[nodiscard]] std::string to_text(const ParamValue& value);

/// Real numbers in [low, high]; with `step` the grid low + k·step, with `log` uniform in the logarithm.
/// `log` needs low > 0 and excludes `step`.
struct FloatDistribution {
  double low = 0.0;
  double high = 1.0;
  bool log = false;
  std::optional<double> step{};

  friend bool operator==(const FloatDistribution&, const FloatDistribution&) = default;
};

/// Integers low, low + step, … ≤ high; `log` needs low ≥ 1 and step 1.
struct IntDistribution {
  std::int64_t low = 0;
  std::int64_t high = 1;
  bool log = false;
  std::int64_t step = 1;

  friend bool operator==(const IntDistribution&, const IntDistribution&) = default;
};

/// A list of choices that does not change. Copies share the values: each trial of a study carries its
/// distributions.
class ChoiceList {
 public:
  using const_iterator = std::vector<ParamValue>::const_iterator;

  ChoiceList() = default;
  ChoiceList(std::vector<ParamValue> values)  // NOLINT(google-explicit-constructor): it stands for a vector.
      : values_(std::make_shared<const std::vector<ParamValue>>(std::move(values))) {}
  ChoiceList(std::initializer_list<ParamValue> values) : ChoiceList(std::vector<ParamValue>(values)) {}

  [[nodiscard]] std::size_t size() const { return list().size(); }
  [[nodiscard]] bool empty() const { return list().empty(); }
  [[nodiscard]] const_iterator begin() const { return list().begin(); }
  [[nodiscard]] const_iterator end() const { return list().end(); }
  [[nodiscard]] const ParamValue& operator[](std::size_t index) const { return list()[index]; }
  [[nodiscard]] const ParamValue& front() const { return list().front(); }
  [[nodiscard]] const ParamValue& back() const { return list().back(); }

  /// Equal by `same_value`, one by one. O(1) for copies.
  friend bool operator==(const ChoiceList& a, const ChoiceList& b);

 private:
  [[nodiscard]] const std::vector<ParamValue>& list() const;

  std::shared_ptr<const std::vector<ParamValue>> values_;
};

/// One of a list of values, at least one, no two the same. No order among them is implied.
struct CategoricalDistribution {
  ChoiceList choices;

  friend bool operator==(const CategoricalDistribution&, const CategoricalDistribution&) = default;
};

/// Optuna's three distributions. Their *internal representation* is one double: the number itself, or the
/// index of the choice.
using Distribution = std::variant<FloatDistribution, IntDistribution, CategoricalDistribution>;

/// Checks the ranges and returns the distribution as Optuna would store it: `high` lowered to the last
/// point of the grid where `step` does not divide the range. Throws InvalidArgument with the reason
/// (low > high, log with low ≤ 0, log with step, step ≤ 0, no choices, choices given twice, not finite).
[[nodiscard]] Distribution validated(Distribution distribution);

/// True when only one value is possible.
[[nodiscard]] bool is_single(const Distribution& distribution);

/// True when the internal value is one that the distribution can give (grids with Optuna's 1e-8 tolerance).
[[nodiscard]] bool contains(const Distribution& distribution, double internal);

/// External to internal. Throws InvalidArgument when the value has the wrong type or is not a choice;
/// numbers outside the range are converted, `contains` judges them.
[[nodiscard]] double to_internal(const Distribution& distribution, const ParamValue& value);

/// Internal to external: an integer for IntDistribution, the choice itself for CategoricalDistribution.
/// Throws InvalidArgument when a choice index is out of range.
[[nodiscard]] ParamValue to_external(const Distribution& distribution, double internal);

/// The nearest value inside the domain: clipped to the range and snapped to the grid.
[[nodiscard]] double clamp_to_domain(const Distribution& distribution, double internal);

/// The number of values, or nothing when there are infinitely many (a float range without step).
[[nodiscard]] std::optional<std::uint64_t> cardinality(const Distribution& distribution);

/// The internal value at a position 0 … cardinality − 1: numbers ascending, choices as they are listed.
/// For a distribution with finitely many values.
[[nodiscard]] double value_at(const Distribution& distribution, std::uint64_t position);
/// The inverse, for a value that the distribution contains.
[[nodiscard]] std::uint64_t position_of(const Distribution& distribution, double internal);

/// Optuna's JSON, byte for byte what `optuna.distributions.distribution_to_json` gives.
[[nodiscard]] std::string to_json(const Distribution& distribution);

/// Reads Optuna's JSON, the deprecated names of Optuna 2 included. Throws FormatError.
[[nodiscard]] Distribution distribution_from_json(std::string_view text);

/// Optuna's rule for one parameter within one study: same kind, same choices, same `log`. Ranges may
/// differ. Throws InvalidArgument that names the parameter and shows both.
void check_compatible(std::string_view name, const Distribution& stored, const Distribution& wanted);

}  // namespace tune
