#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/search_space.hpp"

namespace tune {

class Study;

struct FloatOptions {
  bool log = false;
  std::optional<double> step{};
};

struct IntOptions {
  bool log = false;
  std::int64_t step = 1;
};

/// A running trial: the handle that `Study::ask` gives and `Study::tell` takes (Optuna's Trial).
///
/// Movable, not copyable; used by one thread. Parameters suggested one by one reach the storage with the next
/// report or with tell, attributes with tell; parameters of a declared space are stored by `ask`. The study
/// must outlive it.
class Trial {
 public:
  Trial(Trial&&) noexcept;
  Trial& operator=(Trial&&) noexcept;
  /// A trial that was neither told nor requeued stays RUNNING until its process ends.
  ~Trial();

  [[nodiscard]] TrialNumber number() const;
  /// Which of the study's replicates of one configuration this is: 0 … replicates − 1.
  [[nodiscard]] std::int64_t replicate() const;

  /// Each returns the value decided before when the name was suggested already. Throws InvalidArgument for an
  /// invalid range or one incompatible with the study's earlier trials.
  double suggest_float(std::string_view name, double low, double high, const FloatOptions& options = {});
  std::int64_t suggest_int(std::string_view name, std::int64_t low, std::int64_t high,
                           const IntOptions& options = {});
  ParamValue suggest_categorical(std::string_view name, std::vector<ParamValue> choices);
  ParamValue suggest(std::string_view name, const Distribution& distribution);

  /// Stores an intermediate value and asks the pruner about it; steps ≥ 0. A second report of a step is
  /// ignored. One objective only: throws InvalidArgument with several.
  void report(double value, std::int64_t step);
  /// The pruner's word on the last report; false before the first one. Throws InvalidArgument with several
  /// objectives, where pruning is not defined.
  [[nodiscard]] bool should_prune();

  /// `json` is JSON text, with Python's NaN and Infinity; InvalidArgument for anything else.
  void set_user_attr(std::string key, std::string json);
  void set_system_attr(std::string key, std::string json);
  /// Constraint values, stored with the trial's end; feasible when all are ≤ 0. Others than finite
  /// ones throw InvalidArgument.
  void set_constraints(std::vector<double> values);

  /// One constraint by name (Optuna 5's form), stored with the trial's end; met when ≤ 0. The first value of a
  /// name stays. Throws InvalidArgument for NaN.
  void set_constraint(std::string_view name, double value);

  /// What was set so far, and what the trial was enqueued with.
  [[nodiscard]] const Attributes& user_attrs() const;
  [[nodiscard]] const Attributes& system_attrs() const;
  /// What was suggested so far, external values. The reference holds as long as the trial: until it is told,
  /// moved or destroyed.
  [[nodiscard]] const ParamValues& params() const&;
  [[nodiscard]] ParamValues params() && { return std::as_const(*this).params(); }

 private:
  friend class Study;
  struct State;
  explicit Trial(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tune
