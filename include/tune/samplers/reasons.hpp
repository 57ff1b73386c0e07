#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tune {

/// Candidates that a sampler drew for some parameters and held against good and other trials.
struct Weighing {
  std::vector<std::size_t> below;  ///< Numbers of the trials taken for good ones, ascending.
  std::vector<std::size_t> above;  ///< Those taken for the others.
  /// Internal values, a column a parameter.
  std::vector<std::vector<double>> candidates;
  std::vector<double> log_l;  ///< By candidate: its log density among the good trials.
  std::vector<double> log_g;  ///< Among the others.
  /// By parameter and candidate: log l − log g of that parameter alone. Where parameters are decided together
  /// these need not add up to log_l − log_g.
  std::vector<std::vector<double>> shares;
  std::size_t chosen = 0;  ///< The candidate that was taken.
};

/// The most promising of the configurations that a sampler compared by what a model of the loss expects of
/// them, the best first, which was taken. The model's losses are small where trials are good, have mean 0 and
/// variance 1 over the trials it learnt from, and bad ones may be compressed.
struct Forecast {
  /// Internal values, a column for each parameter of the best one, NaN where another configuration lacks it.
  std::vector<std::vector<double>> candidates;
  std::vector<double> mean;       ///< By candidate: the loss expected of it.
  std::vector<double> deviation;  ///< How uncertain that is.
  std::vector<double> score;      ///< Logarithm of the expected improvement on the best trial.
  std::size_t n_compared = 0;
};

/// How some parameters of a trial came about.
struct Reason {
  std::vector<std::string> parameters;
  std::string text;  ///< One clause: "drawn at random: 3 of 10 startup trials are finished".
  std::optional<Weighing> weighing{};
  std::optional<Forecast> forecast{};
};

}  // namespace tune
