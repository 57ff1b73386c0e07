#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/distribution.hpp"

namespace tune {

/// An integer that cannot be mistaken for another kind of integer.
template <typename Tag>
struct StrongInt {
  std::int64_t value = 0;

  friend auto operator<=>(const StrongInt&, const StrongInt&) = default;
};

/// Identifies a study inside one storage.
using StudyId = StrongInt<struct StudyIdTag>;
/// Identifies a trial inside one storage, across its studies.
using TrialId = StrongInt<struct TrialIdTag>;
/// Position of a trial inside its study: 0, 1, 2, … without gaps.
using TrialNumber = StrongInt<struct TrialNumberTag>;

/// Optuna's five states. COMPLETE, PRUNED and FAIL are final: such a trial never changes again.
enum class TrialState : std::uint8_t { kRunning, kComplete, kPruned, kFail, kWaiting };

[[nodiscard]] constexpr bool is_finished(TrialState state) {
  return state == TrialState::kComplete || state == TrialState::kPruned || state == TrialState::kFail;
}

/// Optuna's upper-case name: RUNNING, COMPLETE, PRUNED, FAIL, WAITING.
[[nodiscard]] std::string_view to_string(TrialState state);
/// Throws FormatError for any other text.
[[nodiscard]] TrialState trial_state_from_string(std::string_view text);

enum class Direction : std::uint8_t { kNotSet, kMinimize, kMaximize };

/// Optuna's upper-case name: NOT_SET, MINIMIZE, MAXIMIZE.
[[nodiscard]] std::string_view to_string(Direction direction);
/// Accepts either case. Throws FormatError for any other text.
[[nodiscard]] Direction direction_from_string(std::string_view text);

/// Attribute name → JSON text of its value. The text is stored and handed back unchanged.
using Attributes = std::map<std::string, std::string, std::less<>>;

/// UTC, microseconds: what Optuna's file format can hold.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

[[nodiscard]] Timestamp now();
/// `YYYY-MM-DD HH:MM:SS.ffffff`, always six digits.
[[nodiscard]] std::string to_string(Timestamp time);
/// Reads the above; a fraction of fewer digits is padded as Optuna does (`.123` is 123 µs).
/// Throws FormatError.
[[nodiscard]] Timestamp timestamp_from_string(std::string_view text);

/// One parameter of one trial.
struct Param {
  std::string name;
  double value = 0.0;  ///< Internal representation, see Distribution.
  Distribution distribution;

  [[nodiscard]] ParamValue external() const { return to_external(distribution, value); }
  friend bool operator==(const Param&, const Param&) = default;
};

/// One value told while the trial ran. NaN and infinities are allowed.
struct IntermediateValue {
  std::int64_t step = 0;
  double value = 0.0;
};

/// Name of the system attribute with the list of constraint values (JSON numbers; a trial is feasible when
/// all are ≤ 0).
inline constexpr std::string_view kConstraintsKey = "constraints";
/// Name of the system attribute with the parameters an enqueued trial must take (JSON object, external).
inline constexpr std::string_view kFixedParamsKey = "fixed_params";
/// Name of the system attribute that says why a trial failed or was pruned (JSON string).
inline constexpr std::string_view kReasonKey = "tune:reason";
/// Name of the system attribute with what the sampler could see when the trial was suggested (JSON object of a
/// few bytes).
inline constexpr std::string_view kSuggestionKey = "tune:suggestion";
/// Name of the system attribute with the index of the listed point that a trial runs (JSON integer).
inline constexpr std::string_view kPointKey = "tune:point";

/// Constraint values among a trial's system attributes, merged from `constraints` and Optuna 5's
/// `constraints:<name>`; empty when there are none. A `constraints:<i>` replaces entry i
/// of the list, null is no constraint, truth values count as 0 and 1, and anything else that is no number is
/// NaN. Throws FormatError only for text that is not JSON (Python's bare NaN and Infinity are).
[[nodiscard]] std::vector<double> constraint_values(const Attributes& system_attrs);
/// Sum of the positive values: 0 for a feasible trial. As in Optuna, a NaN adds nothing here but does keep a
/// trial from being the best.
[[nodiscard]] double total_violation(const std::vector<double>& constraints);

/// A trial as it stands in the storage: a plain value with no connection to anything.
struct FrozenTrial {
  TrialId id;
  TrialNumber number;
  TrialState state = TrialState::kRunning;
  /// One value an objective for COMPLETE; for PRUNED the value of the last step or empty; else empty.
  /// Infinite values are allowed, NaN is not.
  std::vector<double> values;
  std::vector<Param> params;                    ///< In the order they were suggested.
  std::vector<IntermediateValue> intermediate;  ///< In the order they were reported; each step once.
  Attributes user_attrs;
  Attributes system_attrs;
  std::optional<Timestamp> datetime_start;
  std::optional<Timestamp> datetime_complete;

  /// The parameter of that name, or null.
  [[nodiscard]] const Param* find_param(std::string_view name) const;
  /// The intermediate value of the largest step, or nothing.
  [[nodiscard]] std::optional<IntermediateValue> last_intermediate() const;
  /// See constraint_values and total_violation.
  [[nodiscard]] std::vector<double> constraints() const;
  [[nodiscard]] double violation() const;
  /// Time from start to completion, when both are known.
  [[nodiscard]] std::optional<std::chrono::microseconds> duration() const;
};

}  // namespace tune
