#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tune/history.hpp"

namespace tune::testing {

/// Builds a trial in one expression: `TrialBuilder(3).complete(0.5).param("x", 1.0, distribution)`.
class TrialBuilder {
 public:
  explicit TrialBuilder(std::int64_t number) { trial_.number = TrialNumber{number}; }

  TrialBuilder& state(TrialState state) {
    trial_.state = state;
    return *this;
  }
  TrialBuilder& complete(double value) { return complete(std::vector<double>{value}); }
  TrialBuilder& complete(std::vector<double> values) {
    trial_.values = std::move(values);
    return state(TrialState::kComplete);
  }
  TrialBuilder& param(std::string name, double internal, Distribution distribution) {
    trial_.params.push_back({std::move(name), internal, std::move(distribution)});
    return *this;
  }
  TrialBuilder& report(std::int64_t step, double value) {
    trial_.intermediate.push_back({step, value});
    return *this;
  }
  TrialBuilder& constraint(double value) {
    trial_.system_attrs[std::string(kConstraintsKey)] = "[" + std::to_string(value) + "]";
    return *this;
  }
  TrialBuilder& system_attr(std::string key, std::string json) {
    trial_.system_attrs[std::move(key)] = std::move(json);
    return *this;
  }

  [[nodiscard]] const FrozenTrial& build() const { return trial_; }

 private:
  FrozenTrial trial_;
};

/// A history of one objective with these trials.
inline History make_history(const std::vector<TrialBuilder>& trials,
                            std::vector<Direction> directions = {Direction::kMinimize}) {
  History history(std::move(directions));
  for (const TrialBuilder& trial : trials) {
    history.apply(trial.build());
  }
  return history;
}

}  // namespace tune::testing
