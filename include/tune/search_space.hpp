#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tune/distribution.hpp"

namespace tune {

/// A parameter exists only when `parent` exists and has one of these values (study file: `when`).
struct WhenOneOf {
  std::string parent;
  std::vector<ParamValue> values;
};

/// A parameter exists only when `parent` exists and is at least `minimum` (study file: `repeat`:
/// `width_l2` needs depth ≥ 3).
struct WhenAtLeast {
  std::string parent;
  std::int64_t minimum = 0;
};

using Condition = std::variant<WhenOneOf, WhenAtLeast>;

/// One parameter of a declared space.
struct ParameterDeclaration {
  std::string name;
  Distribution distribution;
  std::vector<Condition> conditions;  ///< All must hold; empty = always there.
};

/// Parameter name → value.
using ParamValues = std::map<std::string, ParamValue, std::less<>>;

/// A search space declared up front: parameters in the order in which they are suggested, with the
/// conditions under which they exist. Parents stand before their children, so one walk decides all.
/// A space with no parameters is allowed (define-by-run studies have none).
///
/// Immutable after building; safe to read from any thread.
class SearchSpace {
 public:
  SearchSpace() = default;

  /// Appends a parameter. Throws InvalidArgument when the name is taken, a parent is unknown or stands
  /// later, or the distribution is invalid.
  void add(ParameterDeclaration declaration);

  /// Appends `name_l0` … `name_l{m-1}`, m = the upper end of the int parameter `count`; `name_l{i}` exists
  /// while i < count. Throws as `add`, and when `count` is not a declared IntDistribution.
  void add_repeated(const std::string& name, const Distribution& distribution, const std::string& count,
                    const std::vector<Condition>& conditions = {});

  [[nodiscard]] const std::vector<ParameterDeclaration>& parameters() const { return parameters_; }
  [[nodiscard]] const ParameterDeclaration* find(std::string_view name) const;
  [[nodiscard]] bool empty() const { return parameters_.empty(); }
  /// The number of configurations; nothing when there are infinitely many or more than 10^18.
  /// O(d²) and, where parameters depend on others, the product of the conditions on each.
  [[nodiscard]] std::optional<std::uint64_t> cardinality() const;

  /// Whether the parameter exists given the parameters decided before it. Values of fixed parameters
  /// that are not declared here count when they are in `decided`.
  [[nodiscard]] static bool is_active(const ParameterDeclaration& declaration, const ParamValues& decided);

 private:
  std::vector<ParameterDeclaration> parameters_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace tune
