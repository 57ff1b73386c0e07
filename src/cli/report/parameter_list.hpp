#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/output/json.hpp"
#include "tune/frozen_trial.hpp"

namespace fmnist_tune::report {

/// The parameters of a study, in order of appearance, so that a trial need not repeat their names. The list
/// only grows: a position once given keeps its parameter.
class ParameterList {
 public:
  /// Takes up the parameters of a trial: new ones, wider ranges, other choices.
  void add(const tune::FrozenTrial& trial);

  /// A trial's values by position, null where the trial lacks the parameter: numbers as they are, of a choice
  /// its position among `choices`. Asked for trials that were added.
  [[nodiscard]] Json values_of(const tune::FrozenTrial& trial) const;

  /// `{"name", "type", "low", "high", "log", "step"}` or `{"name", "type", "choices"}` each.
  [[nodiscard]] Json to_json() const;

  [[nodiscard]] std::size_t size() const { return parameters_.size(); }
  [[nodiscard]] const std::string& name(std::size_t position) const { return parameters_.at(position).name; }

 private:
  struct Parameter {
    std::string name;
    tune::Distribution distribution;  ///< As first seen.
    double low = 0.0;                 ///< The widest range seen, of numbers.
    double high = 0.0;
    std::vector<tune::ParamValue> choices;  ///< All seen.
  };
  /// A file of another program may use one name for several kinds.
  using Key = std::pair<std::string, std::size_t>;

  static Key key_of(const tune::Param& param) { return {param.name, param.distribution.index()}; }
  Parameter& take_up(const tune::Param& param);
  [[nodiscard]] Json value_of(const Parameter& parameter, const tune::Param& param) const;

  std::vector<Parameter> parameters_;
  std::map<Key, std::size_t> positions_;
};

}  // namespace fmnist_tune::report
