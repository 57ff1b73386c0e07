#pragma once

#include <cstddef>
#include <cstdint>

#include "fmnist/names.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// Over the classes of one example, with p = softmax(logits) and targets q, one-hot or smoothed.
enum class LossKind : std::uint8_t {
  kCrossEntropy,         ///< −Σ q log p, as torch.nn.CrossEntropyLoss.
  kNll,                  ///< The same number, as torch.nn.NLLLoss of log p.
  kKlDiv,                ///< Σ q (log q − log p), as torch.nn.KLDivLoss of log p, summed over the classes.
  kSoftmaxCrossEntropy,  ///< −Σ q log softmax(p): a softmax before a cross entropy that has its own.
};

[[nodiscard]] const Names<LossKind>& loss_names();

struct LossConfig {
  LossKind kind = LossKind::kCrossEntropy;
  /// s in [0, 1): q is 1 − s + s/C for the label and s/C for the others of C classes. Only while training.
  double label_smoothing = 0.0;
};

/// From a trial's parameters. Throws InvalidArgument when one is missing, of another type or unknown.
[[nodiscard]] LossConfig loss_config(const tune::ParamValues& params);

/// −Σ q log q of the smoothed targets, in nats: what KL divergence is less than cross entropy.
[[nodiscard]] double target_entropy(double label_smoothing, std::size_t n_classes);

}  // namespace fmnist
