#pragma once

#include <cstdint>
#include <vector>

#include "fmnist/network.hpp"
#include "tune/option.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// Blocks of convolutions: per convolution conv → batch norm (optional) → activation, and at the end of a block
/// max pooling over 2 × 2 pixels (optional) and dropout.
struct ConvConfig {
  std::vector<std::int64_t> channels{};  ///< Of each block.
  std::int64_t convs_per_block = 1;
  std::int64_t kernel_size = 3;  ///< Odd.
  Activation activation = Activation::kRelu;
  bool batch_norm = false;
  bool pooling = true;
  double dropout = 0.0;
};

/// For that many blocks, from a trial's parameters. Block i has `channels_l{i}` channels, else `channels` times
/// `channel_growth`^i, rounded. Throws InvalidArgument when a parameter is missing, has the wrong type or is
/// out of its range.
[[nodiscard]] ConvConfig conv_config(const tune::ParamValues& params, std::int64_t n_blocks);
/// What it reads and dense_parameters() lacks.
[[nodiscard]] std::vector<tune::OptionSpec> conv_parameters();

void add_convolutions(Network& network, const ConvConfig& config);

}  // namespace fmnist
