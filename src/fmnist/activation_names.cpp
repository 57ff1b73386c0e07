#include "fmnist/activation_names.hpp"

namespace fmnist {

const Names<Activation>& activation_names() {
  static const Names<Activation> kNames{
      {"relu", Activation::kRelu},      {"leaky_relu", Activation::kLeakyRelu},
      {"elu", Activation::kElu},        {"gelu", Activation::kGelu},
      {"silu", Activation::kSilu},      {"tanh", Activation::kTanh},
      {"sigmoid", Activation::kSigmoid}};
  return kNames;
}

std::string_view to_string(Activation activation) {
  return name_of(activation, activation_names());
}

}  // namespace fmnist
