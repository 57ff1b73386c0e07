#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/trial.hpp"

namespace tune {

class Study;

/// What an objective gives back: its value, one value for each of several objectives, or nothing, which makes
/// the trial PRUNED. Converts from `double`, `std::optional<double>` and `std::vector<double>`.
struct ObjectiveValues {
  ObjectiveValues(double value) : values(std::vector<double>{value}) {}
  ObjectiveValues(std::optional<double> value) {
    if (value) values = std::vector<double>{*value};
  }
  ObjectiveValues(std::vector<double> several) : values(std::move(several)) {}
  ObjectiveValues(std::optional<std::vector<double>> several) : values(std::move(several)) {}
  ObjectiveValues(std::nullopt_t) {}

  std::optional<std::vector<double>> values{};
};

/// One trial of `Study::optimize`. It may be called from several threads at once.
using ObjectiveFunction = std::function<ObjectiveValues(Trial&)>;

/// Called after each trial, in the thread that ran it, with the trial as it is stored. It may ask the study
/// anything, enqueue trials and `stop` it.
using Callback = std::function<void(Study&, const FrozenTrial&)>;

/// Whether an exception of the objective is no reason to end `optimize`.
using CatchRule = std::function<bool(const std::exception_ptr&)>;

namespace detail {
template <typename Exception>
bool holds(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Exception&) {
    return true;
  } catch (...) {
    return false;
  }
}
}  // namespace detail

/// Catches exceptions of these types, as Optuna's `catch`: `catching<std::bad_alloc, std::domain_error>()`.
template <typename... Exceptions>
[[nodiscard]] CatchRule catching() {
  return [](const std::exception_ptr& error) { return (... || detail::holds<Exceptions>(error)); };
}
/// Catches whatever is thrown.
[[nodiscard]] inline CatchRule catching_all() {
  return [](const std::exception_ptr&) { return true; };
}

/// How `Study::optimize` runs. Without `n_trials` and `timeout` it goes on until `Study::stop`, or until the
/// sampler has no further point.
struct OptimizeOptions {
  std::optional<std::int64_t> n_trials{};  ///< Trials to start, ≥ 0, beside those the study has.
  std::optional<std::chrono::duration<double>> timeout{};  ///< No trial starts after that; the last ones end.
  int n_jobs = 1;                                          ///< Threads; −1: one a processor.
  CatchRule catches{};                                     ///< Default: every exception ends `optimize`.
  std::vector<Callback> callbacks{};                       ///< Called one after the other.
};

}  // namespace tune
