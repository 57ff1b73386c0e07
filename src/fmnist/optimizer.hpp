#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fmnist/aligned_floats.hpp"
#include "fmnist/names.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

enum class OptimizerKind : std::uint8_t { kSgd, kAdam, kAdamw, kRmsprop };

[[nodiscard]] const Names<OptimizerKind>& optimizer_names();

/// Constants that torch.optim takes when nothing else is said.
inline constexpr double kAdamBeta1 = 0.9;
inline constexpr double kAdamBeta2 = 0.999;
inline constexpr double kRmspropAlpha = 0.99;
inline constexpr double kOptimizerEps = 1e-8;

struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kAdam;
  double lr = 1e-3;
  double momentum = 0.0;  ///< sgd only.
  bool nesterov = false;  ///< sgd only; the same as without when momentum is 0.
  double weight_decay = 0.0;
};

/// What happens to the gradients, those of the layers' penalties among them, before the optimizer sees them:
/// the norm of all together is cut to `max_norm`, as torch.nn.utils.clip_grad_norm_ does; 0: it is not.
struct GradientConfig {
  double max_norm = 0.0;
};

/// The factor of gradients with that norm.
[[nodiscard]] double clipping_factor(double norm, const GradientConfig& config);

/// From a trial's parameters. Throws InvalidArgument when one is missing or of another type.
[[nodiscard]] GradientConfig gradient_config(const tune::ParamValues& params);

/// From a trial's parameters. Throws InvalidArgument when one is missing, of another type or unknown.
[[nodiscard]] OptimizerConfig optimizer_config(const tune::ParamValues& params);

/// What an optimizer remembers between steps; lists it does not use are empty.
struct OptimizerState {
  std::vector<float> first;   ///< Adam's mean of gradients, the momentum of sgd.
  std::vector<float> second;  ///< Mean of squared gradients.
  std::int64_t steps = 0;     ///< Taken so far.
};

/// Which lists it uses.
[[nodiscard]] bool uses_first(const OptimizerConfig& config);
[[nodiscard]] bool uses_second(const OptimizerConfig& config);

/// An OptimizerState in an engine's memory and order.
struct FlatMoments {
  AlignedFloats first, second;
  std::int64_t steps = 0;
};

/// The update rules of torch.optim in one pass over flat arrays. Used by one thread.
class FlatOptimizer {
 public:
  FlatOptimizer(const OptimizerConfig& config, std::size_t n_parameters);

  /// Of the steps from now on.
  void set_lr(double lr) { config_.lr = lr; }
  /// Moves the parameters; the gradients stay as they are. Both have the size given before.
  void step(std::span<float> parameters, std::span<const float> gradients);

  [[nodiscard]] const FlatMoments& state() const { return state_; }
  /// Takes over what an optimizer of the same configuration and size had.
  void restore(FlatMoments state) { state_ = std::move(state); }

 private:
  OptimizerConfig config_;
  FlatMoments state_;
};

}  // namespace fmnist
