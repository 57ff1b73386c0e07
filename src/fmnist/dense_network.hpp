#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "fmnist/network.hpp"

namespace fmnist {

/// A linear layer with what follows it up to the next one.
struct DenseLayer {
  std::size_t in = 0;
  std::size_t out = 0;
  std::size_t weight = 0;        ///< Offsets in the parameters. The network's weights are [out, in] row-major.
  std::size_t weight_count = 0;  ///< Numbers from there on that are weights, or zeros between these.
  std::size_t bias = 0;
  bool hidden = false;  ///< Has an activation; the classifier has none.
  Activation activation = Activation::kRelu;
  double dropout = 0.0;
  Penalty penalty{};
  bool batch_norm = false;
  std::size_t gamma = 0;  ///< Offsets in the parameters, with batch norm.
  std::size_t beta = 0;
  std::size_t running_mean = 0;  ///< Offsets in the buffers, with batch norm.
  std::size_t running_var = 0;
};

/// The network as dense layers, hidden ones first, or nothing when it has others: what the engine that is
/// written by hand can train.
[[nodiscard]] std::optional<std::vector<DenseLayer>> dense_layers(const Network& network);

}  // namespace fmnist
