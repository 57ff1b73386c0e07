#include "fmnist/channel_step.hpp"

namespace fmnist {

ChannelStep channel_step(const std::vector<Layer>& layers, std::size_t l) {
  ChannelStep step;
  const auto take = [&](LayerKind kind) {
    const std::size_t next = l + step.n_layers;
    if (next == layers.size() || layers[next].kind != kind || layers[next].in.size() != 3) return false;
    if (kind == LayerKind::kMaxPool && layers[next].size != 2) return false;
    if (kind == LayerKind::kActivation && layers[next].activation != Activation::kRelu) return false;
    ++step.n_layers;
    return true;
  };
  step.norm = take(LayerKind::kBatchNorm);
  step.pools = take(LayerKind::kMaxPool);
  step.relu = step.n_layers > 0 && take(LayerKind::kActivation);
  return step;
}

}  // namespace fmnist
