#include "fmnist/loss.hpp"

#include <fmt/format.h>

#include <cmath>

#include "fmnist/params.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

LossKind kind_from_string(const std::string& name) {
  if (name == "cross_entropy") return LossKind::kCrossEntropy;
  if (name == "nll") return LossKind::kNll;
  if (name == "kl_div") return LossKind::kKlDiv;
  if (name == "softmax_cross_entropy") return LossKind::kSoftmaxCrossEntropy;
  throw tune::InvalidArgument(
      fmt::format("loss: expected cross_entropy, nll, kl_div or softmax_cross_entropy, found \"{}\"", name));
}

}  // namespace

LossConfig loss_config(const tune::ParamValues& params) {
  return {.kind = kind_from_string(get_string(params, "loss")),
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
