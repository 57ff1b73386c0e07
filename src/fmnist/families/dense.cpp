#include "fmnist/families/dense.hpp"

#include "fmnist/activation_names.hpp"
#include "fmnist/names.hpp"
#include "fmnist/specs.hpp"

namespace fmnist {
namespace {

enum class DropoutLayers : std::uint8_t { kAll, kLast };

const Names<DropoutLayers>& dropout_layer_names() {
  static const Names<DropoutLayers> kNames{{"all", DropoutLayers::kAll}, {"last", DropoutLayers::kLast}};
  return kNames;
}

}  // namespace

DenseConfig dense_config(const tune::ParamValues& params) {
  DenseConfig config;
  const std::int64_t depth = in_range("depth", get_int(params, "depth"), 0, kMaxDepth);
  const auto layers = get_named(params, "dropout_layers", dropout_layer_names());
  for (std::int64_t i = 0; i < depth; ++i) {
    const std::int64_t width = layer_int(params, "width", i, kDefaultWidth);
    config.widths.push_back(in_range(layer_name("width", i), width, 1, INT32_MAX));
    const bool has_dropout = layers == DropoutLayers::kAll || i == depth - 1;
    config.dropout.push_back(has_dropout ? layer_float(params, "dropout", i, 0.0) : 0.0);
  }
  config.activation = get_named(params, "activation", activation_names());
  config.batch_norm = get_bool(params, "batch_norm");
  return config;
}

std::vector<tune::OptionSpec> dense_parameters() {
  return {count("depth", 2, 0, static_cast<double>(kMaxDepth),
                "Hidden dense layers; 0 in a network without others is softmax regression."),
          per_layer(count("width", kDefaultWidth, 1, 8192,
                          "Units of a hidden layer; `width_l0`, `width_l1`, … set the layers one by one.")),
          choice("activation", choices_of(activation_names()), "relu",
                 "Function after each hidden layer, with PyTorch's default constants."),
          per_layer(share("dropout",
                          "Probability that a hidden unit is dropped in a training step; `dropout_l0`, "
                          "`dropout_l1`, … set the layers one by one.")),
          choice("dropout_layers", choices_of(dropout_layer_names()), "all",
                 "Hidden dense layers with dropout: all, or only the last one."),
          flag("batch_norm", false, "Batch normalisation between each hidden layer and its activation.")};
}

void add_dense(Network& network, const DenseConfig& config) {
  network.flatten();
  for (std::size_t i = 0; i < config.widths.size(); ++i) {
    network.linear(config.widths[i]);
    if (config.batch_norm) network.batch_norm();
    network.activate(config.activation).dropout(config.dropout.empty() ? 0.0 : config.dropout.at(i));
  }
}

Network dense_network(const DenseConfig& config, std::int64_t features, std::int64_t n_classes) {
  Network network({features});
  add_dense(network, config);
  return network.classifier(n_classes);
}

}  // namespace fmnist
