#include "fmnist/families/convolutions.hpp"

#include <fmt/format.h>

#include <cmath>

#include "fmnist/activation_names.hpp"
#include "fmnist/names.hpp"
#include "fmnist/specs.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

constexpr std::int64_t kMaxChannels = 4096;
constexpr std::int64_t kMaxKernelSize = 11;

/// Whether the larger of two numbers stays the larger one: then it is the same to pool first, for a fourth of
/// the work.
bool keeps_order(Activation activation) {
  return activation != Activation::kGelu && activation != Activation::kSilu;
}

void add_block(Network& network, const ConvConfig& config, std::int64_t channels) {
  for (std::int64_t i = 0; i < config.convs_per_block; ++i) {
    network.conv(channels, config.kernel_size);
    if (config.batch_norm) network.batch_norm();
    const bool pools_here = config.pooling && i + 1 == config.convs_per_block;
    if (pools_here && keeps_order(config.activation)) network.max_pool(2);
    network.activate(config.activation);
    if (pools_here && !keeps_order(config.activation)) network.max_pool(2);
  }
  network.dropout(config.dropout);
}

std::int64_t channels_of(const tune::ParamValues& params, std::int64_t block) {
  const std::string own = layer_name("channels", block);
  if (params.contains(own)) return in_range(own, get_int(params, own), 1, kMaxChannels);
  const std::int64_t first = params.contains("channels") ? get_int(params, "channels") : 32;
  const double growth = std::pow(get_float(params, "channel_growth"), static_cast<double>(block));
  const double channels = std::round(static_cast<double>(first) * growth);
  if (channels >= 1.0 && channels <= static_cast<double>(kMaxChannels))
    return static_cast<std::int64_t>(channels);
  throw tune::InvalidArgument(fmt::format("{}: expected 1 to {}, found {}", own, kMaxChannels, channels));
}

}  // namespace

ConvConfig conv_config(const tune::ParamValues& params, std::int64_t n_blocks) {
  ConvConfig config{.kernel_size = in_range("kernel_size", get_int(params, "kernel_size"), 1, kMaxKernelSize),
                    .activation = get_named(params, "activation", activation_names()),
                    .batch_norm = get_bool(params, "batch_norm"),
                    .pooling = get_bool(params, "pooling"),
                    .dropout = get_float(params, "conv_dropout")};
  if (config.kernel_size % 2 == 0) {
    throw tune::InvalidArgument(
        fmt::format("kernel_size: expected an odd number of pixels, found {}", config.kernel_size));
  }
  for (std::int64_t i = 0; i < n_blocks; ++i) config.channels.push_back(channels_of(params, i));
  return config;
}

std::vector<tune::OptionSpec> conv_parameters() {
  return {
      per_layer(count("channels", 32, 1, static_cast<double>(kMaxChannels),
                      "Channels of the first convolution or block; `channels_l0`, `channels_l1`, … set them "
                      "one by one.")),
      real("channel_growth", 2.0, 1.0, 8.0,
           "Each further convolution of cnn or block of deep_cnn has so many times the channels."),
      count("kernel_size", 3, 1, static_cast<double>(kMaxKernelSize),
            "Side of the square that a convolution covers, an odd number of pixels."),
      flag("pooling", true, "Max pooling over 2 × 2 pixels after each convolution or block."),
      share("conv_dropout", "Probability that a number is dropped after a convolution or block.")};
}

void add_convolutions(Network& network, const ConvConfig& config) {
  for (const std::int64_t channels : config.channels) add_block(network, config, channels);
}

}  // namespace fmnist
