#include "fmnist/loss.hpp"

#include <fmt/format.h>

#include <cmath>

#include "fmnist/params.hpp"
#include "tune/error.hpp"

namespace fmnist {
const Names<LossKind>& loss_names() {
  static const Names<LossKind> kNames{{"cross_entropy", LossKind::kCrossEntropy},
                                      {"nll", LossKind::kNll},
                                      {"kl_div", LossKind::kKlDiv},
                                      {"softmax_cross_entropy", LossKind::kSoftmaxCrossEntropy}};
  return kNames;
}

LossConfig loss_config(const tune::ParamValues& params) {
  return {.kind = get_named(params, "loss", loss_names()),
          .label_smoothing = get_float(params, "label_smoothing")};
}

double target_entropy(double label_smoothing, std::size_t n_classes) {
  if (label_smoothing == 0.0) return 0.0;
  const auto n = static_cast<double>(n_classes);
  const double other = label_smoothing / n;
  const double label = 1.0 - label_smoothing + other;
  const double of_others = other > 0.0 ? (n - 1.0) * other * std::log(other) : 0.0;
  return -label * std::log(label) - of_others;
}

}  // namespace fmnist
