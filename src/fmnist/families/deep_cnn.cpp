#include "fmnist/families/convolutions.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/families/family.hpp"
#include "fmnist/params.hpp"
#include "fmnist/specs.hpp"

namespace fmnist {
namespace {

constexpr std::int64_t kMaxBlocks = 6;
constexpr std::int64_t kMaxConvsPerBlock = 6;

/// Batch norm in every block, whatever `batch_norm` says of the dense layers.
Network build(const tune::ParamValues& params, const Shape& image, std::int64_t n_classes) {
  Network network(image);
  ConvConfig config =
      conv_config(params, in_range("conv_blocks", get_int(params, "conv_blocks"), 1, kMaxBlocks));
  config.batch_norm = true;
  config.convs_per_block =
      in_range("convs_per_block", get_int(params, "convs_per_block"), 1, kMaxConvsPerBlock);
  add_convolutions(network, config);
  if (get_bool(params, "global_pooling")) network.mean();
  add_dense(network, dense_config(params));
  return network.classifier(n_classes);
}

std::vector<tune::OptionSpec> parameters() {
  std::vector<tune::OptionSpec> all{
      count("conv_blocks", 3, 1, static_cast<double>(kMaxBlocks),
            "Blocks of deep_cnn, before its dense layers."),
      count("convs_per_block", 2, 1, static_cast<double>(kMaxConvsPerBlock),
            "Convolutions in each block of deep_cnn, each with batch normalisation."),
      flag("global_pooling", false,
           "Of each channel that the blocks of deep_cnn leave, the dense layers see the mean over all pixels "
           "only.")};
  append(all, conv_parameters());
  append(all, dense_parameters());
  return all;
}

}  // namespace

Family deep_cnn_family() {
  return {
      .name = "deep_cnn",
      .description = "blocks of convolutions with batch normalisation, each with pooling, then dense layers",
      .parameters = parameters(),
      .build = build};
}

}  // namespace fmnist
