#include "fmnist/memory_estimate.hpp"

#include <algorithm>
#include <vector>

#include "fmnist/channel_step.hpp"
#include "fmnist/dense_network.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/evaluation.hpp"
#include "fmnist/lane_products.hpp"
#include "fmnist/parameter_layout.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/tile_kernels.hpp"

namespace fmnist {
namespace {

std::size_t numbers_of(const Shape& shape) {
  return static_cast<std::size_t>(element_count(shape));
}

/// Weights, gradients, the optimizer's moments and batch norm's statistics; `n_parameters` of each of the first
/// three.
std::size_t lasting_numbers(const EngineConfig& config, std::size_t n_parameters) {
  const OptimizerConfig& optimizer = config.optimizer;
  const std::size_t arrays =
      2 + (uses_first(optimizer) ? std::size_t{1} : 0) + (uses_second(optimizer) ? std::size_t{1} : 0);
  return arrays * n_parameters + config.network.buffer_count();
}

std::size_t lasting_numbers(const EngineConfig& config) {
  return lasting_numbers(config, config.network.parameter_count());
}

/// Bytes of the images and labels of a pass on a device.
std::size_t pass_bytes(const EngineConfig& config, std::size_t examples) {
  return examples * (numbers_of(config.network.layers().front().in) + sizeof(std::int64_t));
}

/// What changing the images of a pass takes besides: of each pixel where it comes from, and some truth values.
std::size_t change_bytes(const EngineConfig& config, std::size_t examples) {
  if (!config.augmentation.changes_images()) return 0;
  constexpr std::size_t kTruthValues = 5;
  return std::min(examples, kChangedTogether) * numbers_of(config.network.layers().front().in) *
         (sizeof(std::int64_t) + kTruthValues);
}

/// Bytes for steps, for evaluating and for the passes, each at its time.
std::size_t most_on_device(const EngineConfig& config, const PassSizes& passes, std::size_t trained,
                           std::size_t evaluated) {
  return std::max(
      pass_bytes(config, passes.training) + std::max(trained, change_bytes(config, passes.training)),
      pass_bytes(config, passes.validation) + evaluated);
}

std::size_t rows_of_gemm(const EngineConfig& config) {
  return std::max(config.max_batch, kGemmEvaluationBatch);
}

std::size_t widest(const std::vector<DenseLayer>& layers) {
  std::size_t widest = 0;
  for (const DenseLayer& layer : layers) widest = std::max(widest, layer.out);
  return widest;
}

/// Outputs, and of hidden layers what the way back needs; the gradients by the outputs of two layers.
std::size_t batch_numbers(const std::vector<DenseLayer>& layers, std::size_t rows) {
  std::size_t numbers = 2 * rows * widest(layers);
  for (const DenseLayer& layer : layers)
    numbers += rows * layer.out * (1U + (layer.hidden ? 1U : 0U) + (layer.batch_norm ? 1U : 0U));
  return numbers;
}

std::size_t mask_numbers(const std::vector<DenseLayer>& layers, std::size_t rows) {
  std::size_t numbers = 0;
  for (const DenseLayer& layer : layers)
    if (layer.dropout > 0.0) numbers = std::max(numbers, rows * layer.out);
  return numbers;
}

/// The copies of weights of layers in lanes; `in_tiles`: wide ones are not.
std::size_t hidden_lane_numbers(const std::vector<DenseLayer>& layers, bool in_tiles) {
  std::size_t numbers = 0;
  for (std::size_t l = 1; l < layers.size(); ++l) {
    if (!in_tiles || !is_for_pieces(layers[l]))
      numbers += turned_weight_numbers(layers[l], /*has_library=*/true);
  }
  return numbers;
}

/// What the products take besides weights, inputs and outputs.
std::size_t operand_numbers(const ProductsConfig& config, Precision precision) {
  if (precision == Precision::kBf16)
    return rounded_image_numbers(config, *tile_kernels().front()) +
           hidden_tile_numbers(config, TilePieces::kRounded);
  if (product_kernels() == nullptr) return config.max_rows * config.layers.front().in;
  const bool in_tiles = piece_kernels(config.max_batch) != nullptr;
  const std::size_t turned = hidden_lane_numbers(config.layers, in_tiles);
  if (!in_tiles) return turned + image_byte_numbers(config);
  return turned + image_tile_numbers(config, TilePieces::kExact) +
         hidden_tile_numbers(config, TilePieces::kExact);
}

/// A step of forward as autograd sees it; numbers are those of an example.
struct Operation {
  std::size_t in = 0;
  std::size_t out = 0;
  /// What its way back needs: what it was given, what it gave, and others.
  bool needs_input = false;
  bool needs_output = false;
  std::size_t needs = 0;
};

bool comes_back_from_output(Activation activation) {
  return activation == Activation::kRelu || activation == Activation::kTanh ||
         activation == Activation::kSigmoid;
}

Operation operation_of(const Layer& layer) {
  Operation operation{.in = numbers_of(layer.in), .out = numbers_of(layer.out)};
  constexpr std::size_t kIndex = sizeof(std::int64_t) / sizeof(float);
  switch (layer.kind) {
    case LayerKind::kLinear:
    case LayerKind::kConv:
    case LayerKind::kBatchNorm:
      operation.needs_input = true;
      break;
    case LayerKind::kActivation:
      (comes_back_from_output(layer.activation) ? operation.needs_output : operation.needs_input) = true;
      break;
    case LayerKind::kDropout:
      operation.needs = operation.out;
      break;
    case LayerKind::kMaxPool:
      operation.needs_input = true;
      operation.needs = kIndex * operation.out;
      break;
    case LayerKind::kFlatten:
    case LayerKind::kPatches:
    case LayerKind::kTranspose:
    case LayerKind::kMean:
      break;
  }
  return operation;
}

std::vector<Operation> operations(const Network& network, bool on_cpu) {
  const auto& layers = network.layers();
  std::vector<Operation> operations;
  for (std::size_t l = 0; l < layers.size();) {
    const ChannelStep step = on_cpu ? channel_step(layers, l) : ChannelStep{};
    const std::size_t n_layers = std::max<std::size_t>(step.n_layers, 1);
    const std::size_t out = numbers_of(layers[l + n_layers - 1].out);
    operations.push_back(step.n_layers == 0 ? operation_of(layers[l])
                                            : Operation{.in = numbers_of(layers[l].in),
                                                        .out = out,
                                                        .needs_input = true,
                                                        .needs = step.pools ? out : 0});
    l += n_layers;
  }
  return operations;
}

/// Most numbers of an example that forward and backward hold at a time.
std::size_t training_numbers(const std::vector<Operation>& operations) {
  const std::size_t n = operations.size();
  // Tensor i goes into operation i; the last one is what the network gives.
  std::vector<std::size_t> kept(n + 1, 0);
  kept[0] = operations.front().in;
  for (std::size_t i = 0; i < n; ++i) {
    if (operations[i].needs_input) kept[i] = operations[i].in;
    if (operations[i].needs_output) kept[i + 1] = operations[i].out;
  }
  std::size_t most = 0;
  std::size_t held = kept[0];
  for (std::size_t i = 0; i < n; ++i) {
    const Operation& operation = operations[i];
    const std::size_t passing = kept[i] == 0 ? operation.in : 0;
    most = std::max(most, held + passing + operation.out + operation.needs);
    held += kept[i + 1] + operation.needs;
  }
  for (std::size_t i = n; i-- > 0;) {
    const Operation& operation = operations[i];
    most = std::max(most, held + operation.out + (i > 0 ? operation.in : 0));
    held -= kept[i + 1] + operation.needs;
  }
  return most;
}

/// As above, without a way back and the inputs of the network.
std::size_t evaluating_numbers(const std::vector<Operation>& operations) {
  std::size_t most = operations.front().out;
  for (std::size_t i = 1; i < operations.size(); ++i)
    most = std::max(most, operations[i].in + operations[i].out);
  return most;
}

/// Those of torch.optim's step besides its moments.
std::size_t step_numbers(const EngineConfig& config) {
  return (uses_second(config.optimizer) ? 2 : 1) * config.network.parameter_count();
}

}  // namespace

std::uint64_t gemm_memory_bytes(const EngineConfig& config) {
  const std::vector<DenseLayer> layers = dense_layers(config.network).value_or(std::vector<DenseLayer>{});
  if (layers.empty()) return 0;
  const std::size_t rows = rows_of_gemm(config);
  const std::size_t features = layers.front().in;
  const bool by_input = config.precision == Precision::kBf16 || product_kernels() != nullptr;
  const ParameterLayout layout(layers, config.network.parameter_count(),
                               by_input ? WeightOrder::kByInput : WeightOrder::kByOutput);
  const std::size_t numbers = lasting_numbers(config, layout.size()) + batch_numbers(layers, rows) +
                              mask_numbers(layers, config.max_batch) +
                              operand_numbers({layers, {}, rows, config.max_batch}, config.precision);
  const bool changes = config.augmentation.changes_images();
  return numbers * sizeof(float) + (changes ? config.max_batch * (features + sizeof(std::uint32_t)) : 0);
}

std::uint64_t tensor_memory_bytes(const EngineConfig& config, const PassSizes& passes) {
  const std::vector<DenseLayer> layers = dense_layers(config.network).value_or(std::vector<DenseLayer>{});
  const std::size_t all = config.network.activation_count();
  const std::size_t evaluated = std::min(passes.validation, kEvaluationPoll) * all;
  std::size_t trained = config.max_batch * (all + 2 * widest(layers));
  for (const DenseLayer& layer : layers)
    if (layer.dropout > 0.0) trained += config.max_batch * layer.out;
  trained = std::max(trained, step_numbers(config));
  return lasting_numbers(config) * sizeof(float) +
         most_on_device(config, passes, trained * sizeof(float), evaluated * sizeof(float));
}

std::uint64_t autograd_memory_bytes(const EngineConfig& config, bool on_cpu, const PassSizes& passes) {
  const std::vector<Operation> all = operations(config.network, on_cpu);
  const std::size_t polled = std::min(passes.validation, kEvaluationPoll);
  const std::size_t together = std::min(polled, autograd_evaluation_batch(config.network));
  const std::size_t evaluated = (polled * all.front().in + together * evaluating_numbers(all)) * sizeof(float);
  const std::size_t trained =
      std::max(config.max_batch * training_numbers(all), step_numbers(config)) * sizeof(float);
  return lasting_numbers(config) * sizeof(float) +
         (on_cpu ? std::max(trained, evaluated) : most_on_device(config, passes, trained, evaluated));
}

}  // namespace fmnist
