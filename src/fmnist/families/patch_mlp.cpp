#include <fmt/format.h>

#include "fmnist/activation_names.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/names.hpp"
#include "fmnist/specs.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

constexpr std::int64_t kMaxBlocks = 12;
constexpr std::int64_t kMaxUnits = 8192;
constexpr std::int64_t kMaxPatch = 256;

/// Of the last axis: linear → activation → dropout → linear.
void add_mlp(Network& network, std::int64_t units, Activation activation, double dropout) {
  const std::int64_t features = network.shape().back();
  network.linear(units).activate(activation).dropout(dropout).linear(features);
}

Network build(const tune::ParamValues& params, const Shape& image, std::int64_t n_classes) {
  const auto activation = get_named(params, "activation", activation_names());
  const double dropout = layer_float(params, "dropout", 0, 0.0);
  const std::int64_t across_patches =
      in_range("tokens_mlp_dim", get_int(params, "tokens_mlp_dim"), 1, kMaxUnits);
  const std::int64_t across_features =
      in_range("channels_mlp_dim", get_int(params, "channels_mlp_dim"), 1, kMaxUnits);
  Network network(image);
  network.patches(in_range("patch_size", get_int(params, "patch_size"), 1, kMaxPatch))
      .linear(layer_int(params, "width", 0, kDefaultWidth));
  for (std::int64_t i = 0; i < in_range("mixer_blocks", get_int(params, "mixer_blocks"), 1, kMaxBlocks); ++i) {
    network.transpose();
    add_mlp(network, across_patches, activation, dropout);
    network.transpose();
    add_mlp(network, across_features, activation, dropout);
  }
  return network.mean().classifier(n_classes);
}

std::vector<tune::OptionSpec> parameters() {
  std::vector<tune::OptionSpec> all{
      count("patch_size", 7, 1, static_cast<double>(kMaxPatch),
            "Side of the patches of patch_mlp in pixels; it must divide the image's height and width."),
      count("mixer_blocks", 2, 1, static_cast<double>(kMaxBlocks),
            "Blocks of patch_mlp: a network across the patches, then one across the features."),
      count("tokens_mlp_dim", 64, 1, static_cast<double>(kMaxUnits),
            "Hidden units of the networks across the patches of patch_mlp."),
      count("channels_mlp_dim", 128, 1, static_cast<double>(kMaxUnits),
            "Hidden units of the networks across the features of patch_mlp, of which there are `width`.")};
  return all;
}

}  // namespace

Family patch_mlp_family() {
  return {
      .name = "patch_mlp",
      .description = "patches, a linear stem, blocks of two networks across patches and features, their mean",
      .parameters = parameters(),
      .build = build};
}

}  // namespace fmnist
