#include <algorithm>

#include "fmnist/optimizer.hpp"

namespace fmnist {

const Names<OptimizerKind>& optimizer_names() {
  static const Names<OptimizerKind> kNames{{"sgd", OptimizerKind::kSgd},
                                           {"adam", OptimizerKind::kAdam},
                                           {"adamw", OptimizerKind::kAdamw},
                                           {"rmsprop", OptimizerKind::kRmsprop}};
  return kNames;
}

OptimizerConfig optimizer_config(const tune::ParamValues& params) {
  return {.kind = get_named(params, "optimizer", optimizer_names()),
          .lr = get_float(params, "lr"),
          .momentum = get_float(params, "momentum"),
          .nesterov = get_bool(params, "nesterov"),
          .weight_decay = get_float(params, "weight_decay")};
}

GradientConfig gradient_config(const tune::ParamValues& params) {
  return {.max_norm = get_float(params, "max_grad_norm")};
}

double clipping_factor(double norm, const GradientConfig& config) {
  constexpr double kEps = 1e-6;  // PyTorch's.
  if (config.max_norm == 0.0) return 1.0;
  return std::min(1.0, config.max_norm / (norm + kEps));
}

bool uses_first(const OptimizerConfig& config) {
  const bool adam = config.kind == OptimizerKind::kAdam || config.kind == OptimizerKind::kAdamw;
  return adam || (config.kind == OptimizerKind::kSgd && config.momentum != 0.0);
}

bool uses_second(const OptimizerConfig& config) {
  return config.kind != OptimizerKind::kSgd;
}

}  // namespace fmnist
