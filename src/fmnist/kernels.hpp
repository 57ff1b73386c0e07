#pragma once

#include <cstddef>
#include <cstdint>

#include "fmnist/activation.hpp"

namespace fmnist {

struct SgdStep {
  float lr, momentum, weight_decay;
  bool nesterov;
};

struct AdamStep {
  float beta1, one_minus_beta1, beta2, one_minus_beta2;
  float step_size;                ///< lr / (1 − beta1^t)
  float inverse_root_correction;  ///< 1 / √(1 − beta2^t)
  float eps;
  float weight_decay;  ///< Added to the gradient.
  float shrink;        ///< The parameter's factor before the step (decoupled decay).
};

struct RmspropStep {
  float lr, alpha, one_minus_alpha, eps, weight_decay;
};

/// Dropout of one activation: element i stays, times `scale`, when words[i] ≥ threshold. No words: all stay.
struct DropoutMask {
  const std::uint32_t* words = nullptr;
  std::uint32_t threshold = 0;
  float scale = 1.0F;
};

/// The channels of a pixel stand side by side: [count, height, width, channels].
struct ImageSizes {
  std::size_t count, height, width, channels;
};

/// y = max(floor, (x − mean)·factor + shift) of each channel; a NaN goes through.
struct ChannelMap {
  const float* mean;  ///< [channels], as the next two.
  const float* factor;
  const float* shift;
  float floor;  ///< −∞: none.
};

/// Of each channel, what batch norm takes from a gradient g after the map: factor·(g − level − (x −
/// mean)·tilt).
struct ChannelPull {
  const float* level;
  const float* tilt;
};

/// Sixteen xoshiro128++ generators (Blackman and Vigna, 2021) side by side.
struct BulkState {
  static constexpr std::size_t kLanes = 16;
  alignas(64) std::uint32_t s[4][kLanes];
};

struct LossSums {
  double loss;
  std::int64_t correct;
};

/// The loops of the hand-written engine, compiled once for each instruction set; plain functions over raw
/// arrays, so that no inline function of another header is compiled for a processor that is not there. All
/// matrices are row-major. Reductions have a fixed order.
struct Kernels {
  const char* name;
  /// out[i, :] = pixels[positions[i], :] · scale + shift
  void (*gather)(const std::uint8_t* pixels, std::size_t features, const std::uint32_t* positions,
                 std::size_t n, float scale, float shift, float* out);
  /// z[i, :] += bias
  void (*add_bias)(std::size_t rows, std::size_t cols, float* z, const float* bias);
  /// out = f(z)·mask; slope = f'(z)·mask when not null. z may be out.
  void (*activate)(Activation activation, std::size_t n, const float* z, const DropoutMask& mask, float* out,
                   float* slope);
  /// g *= slope
  void (*multiply)(std::size_t n, float* g, const float* slope);
  /// sums[j] = Σ_i g[i, j]
  void (*column_sums)(std::size_t rows, std::size_t cols, const float* g, float* sums);
  /// Normalises z in place over the batch (to `normal`) and writes gamma·normal + beta to z; updates running
  /// statistics as PyTorch does (momentum 0.1, unbiased variance). rows ≥ 2.
  void (*batch_norm_train)(std::size_t rows, std::size_t cols, float* z, const float* gamma, const float* beta,
                           float* normal, float* inverse_std, float* running_mean, float* running_var);
  void (*batch_norm_evaluate)(std::size_t rows, std::size_t cols, float* z, const float* gamma,
                              const float* beta, const float* running_mean, const float* running_var);
  /// Turns the gradient by the output into that by the input, in place; writes those of gamma and beta.
  void (*batch_norm_backward)(std::size_t rows, std::size_t cols, float* g, const float* normal,
                              const float* gamma, const float* inverse_std, float* gamma_grad,
                              float* beta_grad);
  /// Cross entropy of softmax(logits) and smoothed labels; with `gradient`, logits become the gradient of its
  /// mean.
  LossSums (*cross_entropy)(std::size_t rows, std::size_t classes, float* logits, const std::uint8_t* labels,
                            float smoothing, bool gradient);
  /// The same of softmax(softmax(logits)).
  LossSums (*softmax_cross_entropy)(std::size_t rows, std::size_t classes, float* logits,
                                    const std::uint8_t* labels, float smoothing, bool gradient);
  /// Mean and biased variance of each channel.
  void (*channel_moments)(std::size_t pixels, std::size_t channels, const float* x, float* mean,
                          float* variance);
  /// out = y
  void (*channel_map)(std::size_t pixels, std::size_t channels, const float* x, const ChannelMap& map,
                      float* out);
  /// The largest y of each 2 × 2 square of [count, height, width, channels] → [count, height/2, width/2,
  /// channels], and the x it came from, the first row by row among equals; a NaN counts as the largest. An odd
  /// last row or column is left out.
  void (*channel_map_pool)(const ImageSizes& sizes, const float* x, const ChannelMap& map, float* out,
                           float* chosen);
  /// sums[c] = Σ g and products[c] = Σ g·(x − mean) over pixels whose y is above the floor.
  void (*channel_sums)(std::size_t pixels, std::size_t channels, const float* g, const float* x,
                       const ChannelMap& map, float* sums, float* products);
  /// The gradient by x from the one by y.
  void (*channel_map_backward)(std::size_t pixels, std::size_t channels, const float* g, const float* x,
                               const ChannelMap& map, const ChannelPull& pull, float* x_grad);
  /// The gradient by x from the one by the largest y.
  void (*channel_map_pool_backward)(const ImageSizes& sizes, const float* g, const float* chosen,
                                    const float* x, const ChannelMap& map, const ChannelPull& pull,
                                    float* x_grad);
  /// g += l1·sign(w) + 2·l2·w
  void (*penalize)(std::size_t n, const float* w, float l1, float l2, float* g);
  double (*sum_of_squares)(std::size_t n, const float* g);
  /// g *= factor
  void (*scale)(std::size_t n, float factor, float* g);
  /// `n` is rounded up to a multiple of BulkState::kLanes: the array must have room.
  void (*random_words)(BulkState& state, std::size_t n, std::uint32_t* words);
  void (*sgd)(std::size_t n, float* p, const float* g, float* momentum, const SgdStep& step);
  void (*adam)(std::size_t n, float* p, const float* g, float* first, float* second, const AdamStep& step);
  void (*rmsprop)(std::size_t n, float* p, const float* g, float* second, const RmspropStep& step);
};

/// The fastest set that this processor runs; the same for the life of the process.
[[nodiscard]] const Kernels& kernels();

/// Constants of torch.nn.BatchNorm1d.
inline constexpr float kBatchNormEps = 1e-5F;
inline constexpr float kBatchNormMomentum = 0.1F;

}  // namespace fmnist
