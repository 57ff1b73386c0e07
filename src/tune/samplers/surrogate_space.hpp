#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "tune/history.hpp"
#include "tune/random.hpp"
#include "tune/search_space.hpp"

namespace tune::samplers {

/// A parameter exists only where an earlier one exists and has one of `values`, or is at least `minimum`.
struct SurrogateRule {
  std::size_t parent = 0;
  std::vector<double> values;  ///< Internal; empty: `minimum` decides.
  double minimum = -std::numeric_limits<double>::infinity();
};

struct SurrogateParameter {
  std::string_view name;
  const Distribution* distribution = nullptr;
  const Column* column = nullptr;  ///< Null when no trial has it yet.
  std::vector<SurrogateRule> rules;
  bool is_single = false;
};

/// The tree of parameters that a surrogate looks at. A configuration holds an internal value for every
/// parameter, also for those that do not exist in it, so that switching one on and off loses nothing.
class SurrogateSpace {
 public:
  using Configuration = std::vector<double>;

  /// A declared space with its conditions.
  SurrogateSpace(const SearchSpace& declared, const HistoryView& history);
  /// What `trials` (not empty) tell of a space that is discovered: their parameters, each with the latest
  /// distribution. A parameter that only some have gets the first rule that explains all of them: "where an
  /// earlier parameter has one of these choices", "where an earlier integer is at least this". One without such
  /// a rule is left out. O(n · d²).
  SurrogateSpace(const HistoryView& history, std::span<const std::size_t> trials);

  [[nodiscard]] const std::vector<SurrogateParameter>& parameters() const { return parameters_; }
  [[nodiscard]] std::size_t size() const { return parameters_.size(); }
  [[nodiscard]] bool is_categorical(std::size_t d) const;
  /// Which parameters exist.
  [[nodiscard]] std::vector<bool> active(const Configuration& of) const;
  /// The value in [0, 1] by the parameter's own scale; the index of a choice.
  [[nodiscard]] double to_coordinate(std::size_t d, double internal) const;
  /// The internal value nearest to u in [0, 1], always in the domain; choices have equal shares.
  [[nodiscard]] double from_unit(std::size_t d, double u) const;
  /// A point of the surrogate: a coordinate a parameter, one of their own for parameters that do not exist.
  void coordinates(const Configuration& of, std::span<double> out) const;
  [[nodiscard]] Configuration draw(RandomStream& stream) const;
  /// The parameters that exist, external values.
  [[nodiscard]] ParamValues params(const Configuration& of) const;
  /// Another value of parameter d, about `spread` (a share of the range) away.
  void mutate(std::size_t d, double spread, Configuration& of, RandomStream& stream) const;

 private:
  /// Gives the last parameter the rule that explains which trials have it; false when there is none.
  [[nodiscard]] bool find_rule(std::span<const std::size_t> trials, std::size_t d);

  std::vector<SurrogateParameter> parameters_;
};

}  // namespace tune::samplers
