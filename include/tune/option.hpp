#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/distribution.hpp"

namespace tune {

/// kPruner: another pruner with its options, as JSON text (see `make_pruner_from_json`). kAny: a truth value, a
/// number or a text. kCommand: a program and its arguments, a list of texts as JSON text; `{name}` in an
/// argument stands for a parameter.
enum class OptionKind : std::uint8_t { kBool, kInt, kFloat, kString, kChoice, kPruner, kAny, kCommand };

/// The name of an OptionSpec, of kind kAny and without a default, or of a MetricSpec that stands for every name
/// that no other one has.
inline constexpr const char* kAnyName = "*";

/// Describes one named option of a sampler, a pruner or an objective, well enough to check a value,
/// to complain about it, to print help and to write a schema.
struct OptionSpec {
  std::string name;
  OptionKind kind = OptionKind::kFloat;
  ParamValue default_value;      ///< Null: the option may be left out and then has no value.
  std::optional<double> low{};   ///< Smallest allowed number, itself allowed unless `low_excluded`.
  std::optional<double> high{};  ///< Largest allowed number, itself allowed unless `high_excluded`.
  bool low_excluded = false;
  bool high_excluded = false;
  std::vector<ParamValue> choices{};  ///< For kChoice; for kInt, texts that may stand for a number.
  std::string description{};          ///< One sentence with the unit.
  bool per_layer = false;             ///< May be repeated as `name_l0`, `name_l1`, …
  bool required = false;              ///< Must be given.
};

/// Option name → value, complete: defaults filled in, options without a value absent.
class OptionValues {
 public:
  OptionValues() = default;
  explicit OptionValues(std::map<std::string, ParamValue, std::less<>> values) : values_(std::move(values)) {}

  [[nodiscard]] bool has(std::string_view name) const;
  /// Each throws InvalidArgument when the option is absent or of another kind; an int reads as float.
  [[nodiscard]] bool get_bool(std::string_view name) const;
  [[nodiscard]] std::int64_t get_int(std::string_view name) const;
  [[nodiscard]] double get_float(std::string_view name) const;
  [[nodiscard]] const std::string& get_string(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, ParamValue, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, ParamValue, std::less<>> values_;
};

/// What is wrong with `value` for this option, as "expected …" without the found value; nothing when it
/// is fine.
[[nodiscard]] std::optional<std::string> complaint(const OptionSpec& spec, const ParamValue& value);

/// The option of that name, or the one that stands for every name (kAnyName), or null.
[[nodiscard]] const OptionSpec* find_option(const std::vector<OptionSpec>& specs, std::string_view name);

/// Fills in defaults and checks every value. Throws InvalidArgument that names the option, what was
/// expected and what was found, or that is required and absent; an unknown option lists the known ones.
[[nodiscard]] OptionValues with_defaults(const std::vector<OptionSpec>& specs,
                                         const std::map<std::string, ParamValue, std::less<>>& given);

}  // namespace tune
