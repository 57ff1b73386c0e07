#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tune/search_space.hpp"
#include "tune/trial.hpp"

/// Cheap black-box problems on which samplers are compared. Everything is minimised.
namespace tune::quality {

/// A problem of tests/data/quality/problems.json. Safe to use from any thread.
struct Problem {
  std::string name;
  /// The parameters in the order in which they are suggested, with the conditions under which they exist.
  SearchSpace space;
  /// The objective. Throws std::out_of_range when a parameter that it needs is missing.
  std::function<double(const ParamValues&)> value;
  /// Where the file says what the objective must give.
  std::vector<std::pair<ParamValues, double>> test_vectors;

  /// Suggests the parameters one after the other, as a define-by-run objective does; for a declared space
  /// these are the values that `ask` decided.
  [[nodiscard]] ParamValues suggest_all(Trial& trial) const;
  /// Whether parameters depend on others.
  [[nodiscard]] bool is_conditional() const;
};

/// All problems of the file, and the numbers of trials after which they are scored.
struct ProblemSet {
  std::vector<Problem> problems;
  std::vector<std::size_t> budgets;

  /// Throws InvalidArgument that lists the names when there is no such problem.
  [[nodiscard]] const Problem& find(const std::string& name) const;
};

/// Throws Error when the file cannot be read or names a problem whose formula is not known here.
[[nodiscard]] ProblemSet load_problems(const std::filesystem::path& path);

}  // namespace tune::quality
