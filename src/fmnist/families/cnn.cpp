#include "fmnist/families/convolutions.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/params.hpp"
#include "fmnist/specs.hpp"

namespace fmnist {
namespace {

constexpr std::int64_t kMaxConvLayers = 8;

Network build(const tune::ParamValues& params, const Shape& image, std::int64_t n_classes) {
  Network network(image);
  const std::int64_t n_layers = in_range("conv_layers", get_int(params, "conv_layers"), 1, kMaxConvLayers);
  add_convolutions(network, conv_config(params, n_layers));
  add_dense(network, dense_config(params));
  return network.classifier(n_classes);
}

std::vector<tune::OptionSpec> parameters() {
  std::vector<tune::OptionSpec> all{count("conv_layers", 2, 1, static_cast<double>(kMaxConvLayers),
                                          "Convolutions of cnn, before its dense layers.")};
  append(all, conv_parameters());
  append(all, dense_parameters());
  return all;
}

}  // namespace

Family cnn_family() {
  return {.name = "cnn",
          .description = "convolutions, each with pooling, then dense layers",
          .parameters = parameters(),
          .build = build};
}

}  // namespace fmnist
