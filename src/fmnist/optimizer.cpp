#include "fmnist/optimizer.hpp"

#include <cmath>

#include "fmnist/kernels.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

AdamStep adam_step(const OptimizerConfig& config, std::int64_t steps) {
  const auto t = static_cast<double>(steps);
  const bool decoupled = config.kind == OptimizerKind::kAdamw;
  return {.beta1 = static_cast<float>(kAdamBeta1),
          .one_minus_beta1 = static_cast<float>(1.0 - kAdamBeta1),
          .beta2 = static_cast<float>(kAdamBeta2),
          .one_minus_beta2 = static_cast<float>(1.0 - kAdamBeta2),
          .step_size = static_cast<float>(config.lr / (1.0 - std::pow(kAdamBeta1, t))),
          .inverse_root_correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(kAdamBeta2, t))),
          .eps = static_cast<float>(kOptimizerEps),
          .weight_decay = decoupled ? 0.0F : static_cast<float>(config.weight_decay),
          .shrink = decoupled ? static_cast<float>(1.0 - config.lr * config.weight_decay) : 1.0F};
}

}  // namespace

FlatOptimizer::FlatOptimizer(const OptimizerConfig& config, std::size_t n_parameters) : config_(config) {
  if (uses_first(config)) state_.first.assign(n_parameters, 0.0F);
  if (uses_second(config)) state_.second.assign(n_parameters, 0.0F);
}

void FlatOptimizer::step(std::span<float> parameters, std::span<const float> gradients) {
  ++state_.steps;
  const auto lr = static_cast<float>(config_.lr);
  const auto weight_decay = static_cast<float>(config_.weight_decay);
  const std::size_t n = parameters.size();
  switch (config_.kind) {
    case OptimizerKind::kSgd: {
      // The momentum starts at the first gradient, which zeros and a full weight give as well.
      const SgdStep step{lr, static_cast<float>(config_.momentum), weight_decay, config_.nesterov};
      kernels().sgd(n, parameters.data(), gradients.data(),
                    state_.first.empty() ? nullptr : state_.first.data(), step);
      return;
    }
    case OptimizerKind::kAdam:
    case OptimizerKind::kAdamw:
      kernels().adam(n, parameters.data(), gradients.data(), state_.first.data(), state_.second.data(),
                     adam_step(config_, state_.steps));
      return;
    case OptimizerKind::kRmsprop: {
      const RmspropStep step{lr, static_cast<float>(kRmspropAlpha), static_cast<float>(1.0 - kRmspropAlpha),
                             static_cast<float>(kOptimizerEps), weight_decay};
      kernels().rmsprop(n, parameters.data(), gradients.data(), state_.second.data(), step);
      return;
    }
  }
  throw tune::InvalidArgument("unknown optimizer kind");
}

}  // namespace fmnist
