#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fmnist/activation.hpp"

namespace fmnist {

enum class LayerKind : std::uint8_t {
  kLinear,      ///< Of the last axis, as torch.nn.Linear.
  kConv,        ///< As torch.nn.Conv2d with one stride, padding and size for both axes.
  kBatchNorm,   ///< Of each feature or channel, as torch.nn.BatchNorm1d and 2d.
  kActivation,  ///< Of each number.
  kDropout,     ///< Of each number, while training.
  kMaxPool,     ///< As torch.nn.MaxPool2d; what is left at the edge is not looked at.
  kFlatten,     ///< All numbers of an example in one row.
  kPatches,     ///< An image [1, h, w] as squares that do not overlap: [patches, size²], row by row.
  kTranspose,   ///< Two axes change places.
  kMean,        ///< Over the first of two axes, or over the pixels of each channel.
};

/// Sizes of one example's axes: [features], [channels, height, width] or [patches, features].
using Shape = std::vector<std::int64_t>;

[[nodiscard]] std::int64_t element_count(const Shape& shape);

/// What a layer's weights w add to the loss of a training step: l1·Σ|w| + l2·Σw².
struct Penalty {
  double l1 = 0.0;
  double l2 = 0.0;

  [[nodiscard]] bool is_none() const { return l1 == 0.0 && l2 == 0.0; }
};

/// One step of a network, from a shape to the next. What a kind does not name keeps its default.
struct Layer {
  LayerKind kind = LayerKind::kFlatten;
  Shape in;
  Shape out;
  std::int64_t size = 1;  ///< Side of the square that a convolution, pooling or patch covers.
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  Activation activation = Activation::kRelu;
  double probability = 0.0;      ///< Of dropping a number.
  bool is_classifier = false;    ///< The last layer.
  Penalty penalty{};             ///< Of the weights, not of biases and batch norm.
  std::size_t index = 0;         ///< Among the layers with weights, from 0.
  std::size_t weight = 0;        ///< Offsets in the parameters: weights, or gamma of batch norm.
  std::size_t bias = 0;          ///< Biases, or beta.
  std::size_t running_mean = 0;  ///< Offsets in the buffers, of batch norm.
  std::size_t running_var = 0;

  [[nodiscard]] bool has_weights() const { return kind == LayerKind::kLinear || kind == LayerKind::kConv; }
  /// Linear, of all numbers of an example.
  [[nodiscard]] bool is_dense() const { return kind == LayerKind::kLinear && in.size() == 1; }
  /// Features or channels before and after it.
  [[nodiscard]] std::int64_t n_in() const;
  [[nodiscard]] std::int64_t n_out() const;
  /// Of the weights: [out, in] or [out, in, size, size].
  [[nodiscard]] Shape weight_shape() const;
};

/// A named part of the flat arrays.
struct NamedTensor {
  std::string name;  ///< "layer0.weight", "layer0.bias", "norm0.gamma", "norm0.running_mean"
  Shape shape;
  std::size_t offset = 0;
  bool is_buffer = false;  ///< In the buffers, not among the parameters.
};

/// A network as a list of layers, made from its input to its classifier. All trainable numbers stand in one
/// array and the statistics of batch norm in another, so that an optimizer is one loop and a checkpoint two
/// copies. Each member that adds a layer throws InvalidArgument when the shape before it does not allow it.
class Network {
 public:
  Network() = default;
  /// Of examples with that shape.
  explicit Network(Shape input) : shape_(std::move(input)) {}

  Network& linear(std::int64_t out);
  /// Padding keeps height and width at stride 1 when `size` is odd.
  Network& conv(std::int64_t out, std::int64_t size);
  Network& batch_norm();
  Network& activate(Activation activation);
  /// Nothing when the probability is 0.
  Network& dropout(double probability);
  Network& max_pool(std::int64_t size);
  /// Nothing when the shape has one axis.
  Network& flatten();
  Network& patches(std::int64_t size);
  Network& transpose();
  Network& mean();
  /// The last layer: one number a class.
  Network& classifier(std::int64_t n_classes);
  /// Of the weights of layers()[layer], where it has some.
  void penalize(std::size_t layer, const Penalty& penalty) { layers_.at(layer).penalty = penalty; }

  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }
  /// After the last layer.
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::size_t parameter_count() const { return parameter_count_; }
  [[nodiscard]] std::size_t buffer_count() const { return buffer_count_; }
  [[nodiscard]] bool has_batch_norm() const { return buffer_count_ > 0; }
  /// Numbers between its layers, for one example.
  [[nodiscard]] std::size_t activation_count() const;
  /// Floating point operations of forward and backward for one example, a multiply-add as two; linear layers
  /// and convolutions only.
  [[nodiscard]] double flops_per_example() const;
  [[nodiscard]] std::vector<NamedTensor> tensors() const;
  /// Equal for networks with the same layers: "linear 128, relu, dropout 0.2, linear 10".
  [[nodiscard]] std::string text() const;

 private:
  Layer& add(LayerKind kind, Shape out);
  void place_weights(Layer& layer);

  Shape shape_;
  std::vector<Layer> layers_;
  std::size_t n_weighted_ = 0;
  std::size_t parameter_count_ = 0;
  std::size_t buffer_count_ = 0;
};

/// PyTorch's defaults: weights and biases uniform within ±1/√n of the n inputs of an output (Kaiming uniform
/// with a = √5), batch norm gamma 1, beta 0, mean 0, variance 1. The layer with index l draws from the stream
/// (seed, trial, kInitialWeights, l).
void initialize(const Network& network, std::uint64_t seed, std::uint64_t trial, std::span<float> parameters,
                std::span<float> buffers);

}  // namespace fmnist
