#pragma once

#include <cstddef>
#include <vector>

#include "fmnist/network.hpp"

namespace fmnist {

/// Layers that `channel_layers` does in one step: batch norm, pooling and relu, as far as they are there.
struct ChannelStep {
  bool norm = false;
  bool pools = false;
  bool relu = false;
  std::size_t n_layers = 0;
};

/// From the l-th layer on; none where only a relu is to do.
[[nodiscard]] ChannelStep channel_step(const std::vector<Layer>& layers, std::size_t l);

}  // namespace fmnist
