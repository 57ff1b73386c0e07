#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fmnist/activation.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// Throws InvalidArgument for an unknown name.
[[nodiscard]] Activation activation_from_string(const std::string& name);

/// A multilayer perceptron: per hidden layer linear → batch norm (optional) → activation → dropout, then a
/// linear classifier.
struct NetworkConfig {
  std::vector<std::int64_t> widths;  ///< Units of each hidden layer; empty: softmax regression.
  Activation activation = Activation::kRelu;
  /// Probability of dropping a unit, of each hidden layer; none: 0 for all.
  std::vector<double> dropout{};
  bool batch_norm = false;

  [[nodiscard]] double dropout_of(std::size_t layer) const { return dropout.empty() ? 0.0 : dropout.at(layer); }
};

/// From a trial's parameters. `width_l{i}` comes before `width`, which comes before the default; dropout
/// likewise, and with `dropout_layers` "last" only the last hidden layer has any. Throws InvalidArgument when a
/// parameter is missing or has the wrong type.
[[nodiscard]] NetworkConfig network_config(const tune::ParamValues& params);

/// Where a layer's numbers stand in the flat arrays. Weights are [out, in] row-major, as in torch.nn.Linear.
struct LayerLayout {
  std::size_t in = 0;
  std::size_t out = 0;
  std::size_t weight = 0;  ///< Offset in the parameters.
  std::size_t bias = 0;
  bool hidden = false;
  bool batch_norm = false;
  std::size_t gamma = 0;  ///< Offsets in the parameters, with batch norm.
  std::size_t beta = 0;
  std::size_t running_mean = 0;  ///< Offsets in the buffers, with batch norm.
  std::size_t running_var = 0;
};

/// All trainable numbers of a network stand in one array and its batch-norm statistics in another, so that an
/// optimizer is one loop and a checkpoint two copies.
struct NetworkLayout {
  NetworkLayout(const NetworkConfig& config, std::size_t features, std::size_t n_classes);

  std::vector<LayerLayout> layers;  ///< Hidden layers and the classifier.
  std::size_t parameter_count = 0;
  std::size_t buffer_count = 0;
};

/// PyTorch's defaults: weights and biases uniform within ±1/√in (Kaiming uniform with a = √5), batch norm
/// gamma 1, beta 0, mean 0, variance 1. Layer l draws from the stream (seed, trial, kInitialWeights, l).
void initialize(const NetworkLayout& layout, std::uint64_t seed, std::uint64_t trial,
                std::span<float> parameters, std::span<float> buffers);

/// Floating point operations of forward and backward for one example, counting a multiply-add as two.
[[nodiscard]] double flops_per_example(const NetworkLayout& layout);

}  // namespace fmnist
