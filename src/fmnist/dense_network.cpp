#include "fmnist/dense_network.hpp"

namespace fmnist {
namespace {

DenseLayer linear_of(const Layer& layer) {
  return {.in = static_cast<std::size_t>(layer.n_in()),
          .out = static_cast<std::size_t>(layer.n_out()),
          .weight = layer.weight,
          .weight_count = static_cast<std::size_t>(layer.n_in() * layer.n_out()),
          .bias = layer.bias,
          .hidden = !layer.is_classifier,
          .penalty = layer.penalty};
}

void take_batch_norm(DenseLayer& dense, const Layer& layer) {
  dense.batch_norm = true;
  dense.gamma = layer.weight;
  dense.beta = layer.bias;
  dense.running_mean = layer.running_mean;
  dense.running_var = layer.running_var;
}

/// Where in linear → batch norm → activation → dropout a kind stands; nothing for other kinds.
std::optional<int> place_of(LayerKind kind) {
  switch (kind) {
    case LayerKind::kLinear:
      return 0;
    case LayerKind::kBatchNorm:
      return 1;
    case LayerKind::kActivation:
      return 2;
    case LayerKind::kDropout:
      return 3;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::vector<DenseLayer>> dense_layers(const Network& network) {
  std::vector<DenseLayer> dense;
  int last = -1;
  bool has_activation = true;  // Before the first linear layer nothing is missing.
  for (const Layer& layer : network.layers()) {
    const std::optional<int> place = place_of(layer.kind);
    if (!place || layer.in.size() != 1 || (*place > 0 && *place <= last)) return std::nullopt;
    if (*place == 0 && !has_activation) return std::nullopt;
    if (*place > 0 && (dense.empty() || (*place == 3 && !has_activation))) return std::nullopt;
    last = *place;
    switch (*place) {
      case 0:
        dense.push_back(linear_of(layer));
        has_activation = false;
        break;
      case 1:
        take_batch_norm(dense.back(), layer);
        break;
      case 2:
        dense.back().activation = layer.activation;
        has_activation = true;
        break;
      default:
        dense.back().dropout = layer.probability;
    }
  }
  return dense;
}

}  // namespace fmnist
