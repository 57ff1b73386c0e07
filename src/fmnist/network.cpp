#include "fmnist/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "fmnist/manifest.hpp"
#include "fmnist/params.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace fmnist {
namespace {

LayerLayout add_layer(NetworkLayout& layout, std::size_t in, std::size_t out, bool hidden, bool batch_norm) {
  const auto place = [](std::size_t& total, std::size_t size) { return std::exchange(total, total + size); };
  LayerLayout layer{.in = in, .out = out, .hidden = hidden, .batch_norm = batch_norm};
  layer.weight = place(layout.parameter_count, in * out);
  layer.bias = place(layout.parameter_count, out);
  if (batch_norm) {
    layer.gamma = place(layout.parameter_count, out);
    layer.beta = place(layout.parameter_count, out);
    layer.running_mean = place(layout.buffer_count, out);
    layer.running_var = place(layout.buffer_count, out);
  }
  return layer;
}

/// The value of a layer's own parameter, else of the common one.
double layer_float(const tune::ParamValues& params, const std::string& name, std::int64_t layer) {
  const std::string own = fmt::format("{}_l{}", name, layer);
  if (params.contains(own)) return get_float(params, own);
  return params.contains(name) ? get_float(params, name) : 0.0;
}

std::vector<double> dropout_of_layers(const tune::ParamValues& params, std::int64_t depth) {
  const std::string layers = get_string(params, "dropout_layers");
  if (layers != "all" && layers != "last") {
    throw tune::InvalidArgument(fmt::format("dropout_layers: expected all or last, found \"{}\"", layers));
  }
  std::vector<double> dropout;
  for (std::int64_t i = 0; i < depth; ++i) {
    const bool has_some = layers == "all" || i == depth - 1;
    dropout.push_back(has_some ? layer_float(params, "dropout", i) : 0.0);
  }
  return dropout;
}

}  // namespace

Activation activation_from_string(const std::string& name) {
  constexpr std::array<std::pair<const char*, Activation>, 7> kNames{{{"relu", Activation::kRelu},
                                                                      {"leaky_relu", Activation::kLeakyRelu},
                                                                      {"elu", Activation::kElu},
                                                                      {"gelu", Activation::kGelu},
                                                                      {"silu", Activation::kSilu},
                                                                      {"tanh", Activation::kTanh},
                                                                      {"sigmoid", Activation::kSigmoid}}};
  for (const auto& [known, activation] : kNames) {
    if (name == known) return activation;
  }
  throw tune::InvalidArgument(
      fmt::format("activation: expected relu, leaky_relu, elu, gelu, silu, tanh or "
                  "sigmoid, found \"{}\"",
                  name));
}

NetworkConfig network_config(const tune::ParamValues& params) {
  NetworkConfig config;
  const std::int64_t depth = get_int(params, "depth");
  if (depth < 0 || depth > kMaxDepth) {
    throw tune::InvalidArgument(fmt::format("depth: expected 0 to {}, found {}", kMaxDepth, depth));
  }
  const std::int64_t common = params.contains("width") ? get_int(params, "width") : kDefaultWidth;
  for (std::int64_t i = 0; i < depth; ++i) {
    const std::string name = fmt::format("width_l{}", i);
    const std::int64_t width = params.contains(name) ? get_int(params, name) : common;
    if (width < 1) throw tune::InvalidArgument(fmt::format("{}: expected at least 1, found {}", name, width));
    config.widths.push_back(width);
  }
  config.dropout = dropout_of_layers(params, depth);
  config.activation = activation_from_string(get_string(params, "activation"));
  config.batch_norm = get_bool(params, "batch_norm");
  return config;
}

NetworkLayout::NetworkLayout(const NetworkConfig& config, std::size_t features, std::size_t n_classes) {
  std::size_t in = features;
  for (const std::int64_t width : config.widths) {
    layers.push_back(add_layer(*this, in, static_cast<std::size_t>(width), true, config.batch_norm));
    in = static_cast<std::size_t>(width);
  }
  layers.push_back(add_layer(*this, in, n_classes, false, false));
}

void initialize(const NetworkLayout& layout, std::uint64_t seed, std::uint64_t trial,
                std::span<float> parameters, std::span<float> buffers) {
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const LayerLayout& layer = layout.layers[l];
    tune::RandomStream stream({seed, trial, tune::Purpose::kInitialWeights, l});
    const double bound = 1.0 / std::sqrt(static_cast<double>(layer.in));
    const auto uniform = [&] { return static_cast<float>(stream.uniform(-bound, bound)); };
    std::generate_n(parameters.data() + layer.weight, layer.in * layer.out, uniform);
    std::generate_n(parameters.data() + layer.bias, layer.out, uniform);
    if (!layer.batch_norm) continue;
    std::fill_n(parameters.data() + layer.gamma, layer.out, 1.0F);
    std::fill_n(parameters.data() + layer.beta, layer.out, 0.0F);
    std::fill_n(buffers.data() + layer.running_mean, layer.out, 0.0F);
    std::fill_n(buffers.data() + layer.running_var, layer.out, 1.0F);
  }
}

double flops_per_example(const NetworkLayout& layout) {
  double flops = 0.0;
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    // Forward and weight gradient; all layers but the first also pass a gradient to their input.
    flops += (l == 0 ? 4.0 : 6.0) * static_cast<double>(layout.layers[l].in * layout.layers[l].out);
  }
  return flops;
}

}  // namespace fmnist
