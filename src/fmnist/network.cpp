#include "fmnist/network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "fmnist/activation_names.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace fmnist {
namespace {

std::size_t n_weights(const Layer& layer) {
  return static_cast<std::size_t>(element_count(layer.weight_shape()));
}

/// Inputs that one output of a linear layer or a convolution sums up.
std::int64_t fan_in(const Layer& layer) {
  return element_count(layer.weight_shape()) / layer.n_out();
}

[[noreturn]] void refuse(const char* layer, const char* expected, const Shape& found) {
  throw tune::InvalidArgument(
      fmt::format("network: {} expects {}, found [{}]", layer, expected, fmt::join(found, ", ")));
}

std::string text_of(const Layer& layer) {
  switch (layer.kind) {
    case LayerKind::kLinear:
      return fmt::format("linear {}", layer.n_out());
    case LayerKind::kConv:
      return fmt::format("conv {} of {}", layer.n_out(), layer.size);
    case LayerKind::kBatchNorm:
      return "batch norm";
    case LayerKind::kActivation:
      return std::string(to_string(layer.activation));
    case LayerKind::kDropout:
      return fmt::format("dropout {}", layer.probability);
    case LayerKind::kMaxPool:
      return fmt::format("max pool {}", layer.size);
    case LayerKind::kFlatten:
      return "flatten";
    case LayerKind::kPatches:
      return fmt::format("patches {}", layer.size);
    case LayerKind::kTranspose:
      return "transpose";
    case LayerKind::kMean:
      return "mean";
  }
  throw tune::InvalidArgument("unknown kind of layer");
}

}  // namespace

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t Layer::n_in() const {
  return in.size() == 3 ? in.front() : in.back();
}

std::int64_t Layer::n_out() const {
  return out.size() == 3 ? out.front() : out.back();
}

Shape Layer::weight_shape() const {
  return kind == LayerKind::kConv ? Shape{n_out(), n_in(), size, size} : Shape{n_out(), n_in()};
}

Layer& Network::add(LayerKind kind, Shape out) {
  Layer& layer = layers_.emplace_back();
  layer.kind = kind;
  layer.in = std::exchange(shape_, std::move(out));
  layer.out = shape_;
  return layer;
}

void Network::place_weights(Layer& layer) {
  layer.index = n_weighted_++;
  layer.weight = std::exchange(parameter_count_, parameter_count_ + n_weights(layer));
  layer.bias = std::exchange(parameter_count_, parameter_count_ + static_cast<std::size_t>(layer.n_out()));
}

Network& Network::linear(std::int64_t out) {
  if (shape_.empty() || shape_.size() > 2) refuse("a linear layer", "one or two axes", shape_);
  Shape after = shape_;
  after.back() = out;
  place_weights(add(LayerKind::kLinear, std::move(after)));
  return *this;
}

Network& Network::conv(std::int64_t out, std::int64_t size) {
  if (shape_.size() != 3) refuse("a convolution", "channels, height and width", shape_);
  const std::int64_t padding = size / 2;
  const auto side = [&](std::int64_t before) { return before + 2 * padding - size + 1; };
  Layer& layer = add(LayerKind::kConv, {out, side(shape_[1]), side(shape_[2])});
  layer.size = size;
  layer.padding = padding;
  place_weights(layer);
  return *this;
}

Network& Network::batch_norm() {
  if (shape_.size() == 2) refuse("batch norm", "features, or channels, height and width", shape_);
  Layer& layer = add(LayerKind::kBatchNorm, shape_);
  const auto n = static_cast<std::size_t>(layer.n_out());
  layer.weight = std::exchange(parameter_count_, parameter_count_ + n);
  layer.bias = std::exchange(parameter_count_, parameter_count_ + n);
  layer.running_mean = std::exchange(buffer_count_, buffer_count_ + n);
  layer.running_var = std::exchange(buffer_count_, buffer_count_ + n);
  return *this;
}

Network& Network::activate(Activation activation) {
  add(LayerKind::kActivation, shape_).activation = activation;
  return *this;
}

Network& Network::dropout(double probability) {
  if (probability > 0.0) add(LayerKind::kDropout, shape_).probability = probability;
  return *this;
}

Network& Network::max_pool(std::int64_t size) {
  if (shape_.size() != 3 || shape_[1] < size || shape_[2] < size) {
    refuse("max pooling", fmt::format("an image of at least {0} × {0} pixels", size).c_str(), shape_);
  }
  Layer& layer = add(LayerKind::kMaxPool, {shape_[0], shape_[1] / size, shape_[2] / size});
  layer.size = layer.stride = size;
  return *this;
}

Network& Network::flatten() {
  if (shape_.size() > 1) add(LayerKind::kFlatten, {element_count(shape_)});
  return *this;
}

Network& Network::patches(std::int64_t size) {
  if (shape_.size() != 3 || shape_[0] != 1 || shape_[1] % size != 0 || shape_[2] % size != 0) {
    refuse("patches", fmt::format("one channel whose height and width {} divides", size).c_str(), shape_);
  }
  Layer& layer = add(LayerKind::kPatches, {shape_[1] / size * (shape_[2] / size), size * size});
  layer.size = layer.stride = size;
  return *this;
}

Network& Network::transpose() {
  if (shape_.size() != 2) refuse("a transposition", "two axes", shape_);
  add(LayerKind::kTranspose, {shape_[1], shape_[0]});
  return *this;
}

Network& Network::mean() {
  if (shape_.size() < 2) refuse("a mean", "patches and features, or channels, height and width", shape_);
  add(LayerKind::kMean, {shape_.size() == 3 ? shape_[0] : shape_[1]});
  return *this;
}

Network& Network::classifier(std::int64_t n_classes) {
  flatten();
  linear(n_classes);
  layers_.back().is_classifier = true;
  return *this;
}

std::size_t Network::activation_count() const {
  std::size_t count = layers_.empty() ? 0 : static_cast<std::size_t>(element_count(layers_.front().in));
  for (const Layer& layer : layers_) count += static_cast<std::size_t>(element_count(layer.out));
  return count;
}

double Network::flops_per_example() const {
  double flops = 0.0;
  for (const Layer& layer : layers_) {
    if (!layer.has_weights()) continue;
    // Forward and weight gradient; all but the first also pass a gradient to their input.
    const double passes = layer.index == 0 ? 4.0 : 6.0;
    flops += passes * static_cast<double>(fan_in(layer)) * static_cast<double>(element_count(layer.out));
  }
  return flops;
}

std::vector<NamedTensor> Network::tensors() const {
  std::vector<NamedTensor> tensors;
  std::size_t n_norms = 0;
  for (const Layer& layer : layers_) {
    const Shape each{layer.n_out()};
    if (layer.has_weights()) {
      tensors.push_back({fmt::format("layer{}.weight", layer.index), layer.weight_shape(), layer.weight});
      tensors.push_back({fmt::format("layer{}.bias", layer.index), each, layer.bias});
    } else if (layer.kind == LayerKind::kBatchNorm) {
      const std::string name = fmt::format("norm{}", n_norms++);
      tensors.push_back({name + ".gamma", each, layer.weight});
      tensors.push_back({name + ".beta", each, layer.bias});
      tensors.push_back({name + ".running_mean", each, layer.running_mean, true});
      tensors.push_back({name + ".running_var", each, layer.running_var, true});
    }
  }
  return tensors;
}

std::string Network::text() const {
  std::vector<std::string> texts;
  if (!layers_.empty()) texts.push_back(fmt::format("{}", fmt::join(layers_.front().in, "x")));
  for (const Layer& layer : layers_) texts.push_back(text_of(layer));
  return fmt::format("{}", fmt::join(texts, ", "));
}

void initialize(const Network& network, std::uint64_t seed, std::uint64_t trial, std::span<float> parameters,
                std::span<float> buffers) {
  for (const Layer& layer : network.layers()) {
    const auto n_out = static_cast<std::size_t>(layer.n_out());
    if (layer.has_weights()) {
      tune::RandomStream stream({seed, trial, tune::Purpose::kInitialWeights, layer.index});
      const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in(layer)));
      const auto uniform = [&] { return static_cast<float>(stream.uniform(-bound, bound)); };
      std::generate_n(parameters.data() + layer.weight, n_weights(layer), uniform);
      std::generate_n(parameters.data() + layer.bias, n_out, uniform);
    } else if (layer.kind == LayerKind::kBatchNorm) {
      std::fill_n(parameters.data() + layer.weight, n_out, 1.0F);
      std::fill_n(parameters.data() + layer.bias, n_out, 0.0F);
      std::fill_n(buffers.data() + layer.running_mean, n_out, 0.0F);
      std::fill_n(buffers.data() + layer.running_var, n_out, 1.0F);
    }
  }
}

}  // namespace fmnist
