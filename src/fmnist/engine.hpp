#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fmnist/augmentation.hpp"
#include "fmnist/dataset.hpp"
#include "fmnist/dropout.hpp"
#include "fmnist/loss.hpp"
#include "fmnist/network.hpp"
#include "fmnist/optimizer.hpp"
#include "fmnist/precision.hpp"

namespace fmnist {

struct ProductKernels;
struct TileKernels;

/// Sums over the examples of a batch.
struct BatchSums {
  double loss = 0.0;         ///< As LossConfig has it, in nats, without penalties on weights.
  std::int64_t correct = 0;  ///< Examples whose largest output is their label's.
};

/// Everything that decides what a network learns from a sequence of batches.
struct EngineConfig {
  Network network;
  LossConfig loss;
  GradientConfig gradients;
  OptimizerConfig optimizer;
  AugmentationConfig augmentation{};
  Precision precision = Precision::kFp32;
  std::size_t max_batch = 128;  ///< Largest batch `train_step` will see.
  std::uint64_t seed = 0;       ///< With `trial` the key of all that is random.
  std::uint64_t trial = 0;
};

/// All that changes in an engine while it trains: what a checkpoint holds of it.
struct EngineState {
  std::vector<float> parameters;
  std::vector<float> buffers;
  OptimizerState optimizer;
  DropoutState dropout{};
};

/// Throws FormatError unless an engine of that configuration has a state of these sizes.
void check_state(const EngineState& state, const EngineConfig& config);

/// One network in training: its weights, its optimizer and the arithmetic. Used by one thread; engines of
/// several threads share nothing but the data. The same config and the same batches give the same numbers,
/// whatever other threads do.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Starts an epoch (from 1): its dropout masks, stream (seed, trial, kDropout, epoch), and its changes of
  /// images. Before `restore` when the engine goes on amid one.
  virtual void begin_epoch(std::uint64_t epoch) = 0;
  /// The learning rate of the steps from now on, instead of the configured one; not part of the state.
  virtual void set_lr(double lr) = 0;
  /// One step of the optimizer on the examples at these positions, 1 … max_batch of them; at least 2 with
  /// batch norm. The sums are those before the step, with dropout and label smoothing.
  virtual BatchSums train_step(std::span<const std::uint32_t> positions) = 0;
  /// Any number of examples, without dropout and label smoothing and with batch norm's running statistics.
  virtual BatchSums evaluate(std::span<const std::uint32_t> positions) = 0;
  /// What the network gives for each class, before any softmax, as `evaluate` sees it: [positions, classes].
  virtual std::vector<float> outputs(std::span<const std::uint32_t> positions) = 0;

  /// Begins a pass over these positions, which stay where they are until it is over: an engine may bring all of
  /// them to its device at once. A training pass is made of `train_step`s, another of `evaluate`s.
  virtual void begin_pass(std::span<const std::uint32_t> positions, bool training);
  /// Starts on the `n` positions of the pass from `begin` on; what was started before comes first. Engines that
  /// compute elsewhere do not wait for it.
  virtual void start(std::size_t begin, std::size_t n);
  /// Waits for all that was started since the last call; the sums of each start, in their order.
  virtual std::vector<BatchSums> finish();
  /// Starts after which it is time to ask for the sums, at least 1. What begins after a batch whose loss is not
  /// finite is computed in vain.
  [[nodiscard]] virtual std::size_t starts_ahead() const { return 1; }

  /// Trainable numbers, gradients of the last step as the optimizer saw them, and batch-norm statistics, as
  /// the network places them.
  [[nodiscard]] virtual std::vector<float> parameters() const = 0;
  [[nodiscard]] virtual std::vector<float> gradients() const = 0;
  [[nodiscard]] virtual std::vector<float> buffers() const = 0;

  /// Most bytes that it has held at a time so far, of its device's memory, in training and in evaluating:
  /// weights, gradients, moments, the numbers of batches, and the images of a pass where they are brought to a
  /// device, but not the data that engines share. 0: not counted.
  [[nodiscard]] virtual std::uint64_t peak_memory_bytes() const { return 0; }

  /// With which an engine made from the same config goes on as this one would, to the last bit.
  [[nodiscard]] virtual EngineState state() const = 0;
  /// Throws FormatError, and changes nothing, for the state of another network or optimizer.
  virtual void restore(const EngineState& state) = 0;

 private:
  std::span<const std::uint32_t> pass_;
  bool is_training_ = false;
  std::vector<BatchSums> finished_;
};

/// A matrix product C = op(A)·op(B) + beta·C over row-major floats; op(A) is [m, k], op(B) [k, n]. A
/// transposed operand is stored the other way round; `ld…` are the row lengths as stored. One thread.
using Gemm = void (*)(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k,
                      const float* a, std::size_t lda, const float* b, std::size_t ldb, float beta, float* c,
                      std::size_t ldc);

/// LibTorch's, through at::mm_out.
[[nodiscard]] Gemm aten_gemm();
/// oneDNN's dnnl_sgemm, or null in a build without oneDNN.
[[nodiscard]] Gemm dnnl_gemm();
/// oneDNN's version, or "none".
[[nodiscard]] std::string dnnl_version_text();

/// Where products of floats in lanes come from.
struct LaneConfig {
  const ProductKernels* kernels = nullptr;
  /// For large layers beyond the first, and large batches in these; null: they do those too, slowly.
  Gemm library = nullptr;
  /// For the first layer, and others that are wide: products of floats in exact pieces. Null: those are in
  /// lanes too.
  const TileKernels* tiles = nullptr;
};

/// Forward and backward by hand over `gemm`, on the CPU. Throws InvalidArgument for a network with other than
/// dense layers.
[[nodiscard]] std::unique_ptr<Engine> make_gemm_engine(std::shared_ptr<const TrainingData> data,
                                                       const EngineConfig& config, Gemm gemm);
/// The same over products by hand.
[[nodiscard]] std::unique_ptr<Engine> make_lane_engine(std::shared_ptr<const TrainingData> data,
                                                       const EngineConfig& config, const LaneConfig& lanes);
/// The same over products of numbers rounded to bfloat16; parameters, their gradients and all else stay floats.
[[nodiscard]] std::unique_ptr<Engine> make_tile_engine(std::shared_ptr<const TrainingData> data,
                                                       const EngineConfig& config, const TileKernels& kernels);
/// Forward and backward by hand over LibTorch's operations, on any device: images, weights and moments stay
/// there, and no step waits for it. Throws InvalidArgument as make_gemm_engine.
[[nodiscard]] std::unique_ptr<Engine> make_tensor_engine(std::shared_ptr<const TrainingData> data,
                                                         const EngineConfig& config, const std::string& device);
/// LibTorch's autograd and torch::optim, on any device; the reference for the others. On the CPU images stay in
/// channels_last, and what follows a convolution is done by `channel_layers`. The thread that calls computes on
/// one core from then on.
[[nodiscard]] std::unique_ptr<Engine> make_autograd_engine(std::shared_ptr<const TrainingData> data,
                                                           const EngineConfig& config,
                                                           const std::string& device);

}  // namespace fmnist
