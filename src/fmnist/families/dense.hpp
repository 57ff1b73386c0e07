#pragma once

#include <cstdint>
#include <vector>

#include "fmnist/network.hpp"
#include "tune/option.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// Largest number of hidden dense layers.
inline constexpr std::int64_t kMaxDepth = 8;
/// Units of a hidden layer whose width nobody gave.
inline constexpr std::int64_t kDefaultWidth = 128;

/// A stack of hidden dense layers, each linear → batch norm (optional) → activation → dropout.
struct DenseConfig {
  std::vector<std::int64_t> widths{};  ///< Units of each hidden layer.
  Activation activation = Activation::kRelu;
  std::vector<double> dropout{};  ///< Probability of dropping a unit, of each hidden layer; none: 0 for all.
  bool batch_norm = false;
};

/// From a trial's parameters. `width_l{i}` comes before `width`, which comes before the default; dropout
/// likewise, and with `dropout_layers` "last" only the last hidden layer has any. Throws InvalidArgument when a
/// parameter is missing, has the wrong type or is out of its range.
[[nodiscard]] DenseConfig dense_config(const tune::ParamValues& params);
/// What it reads.
[[nodiscard]] std::vector<tune::OptionSpec> dense_parameters();

/// Flattens what comes and adds the hidden layers.
void add_dense(Network& network, const DenseConfig& config);

/// Nothing but hidden layers and a classifier.
[[nodiscard]] Network dense_network(const DenseConfig& config, std::int64_t features, std::int64_t n_classes);

}  // namespace fmnist
