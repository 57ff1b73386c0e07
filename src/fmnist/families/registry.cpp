#include "fmnist/families/family.hpp"
#include "fmnist/params.hpp"

namespace fmnist {
namespace {

const Family& family_called(const std::string& name) {
  std::vector<tune::ParamValue> known;
  for (const Family& family : families()) {
    if (family.name == name) return family;
    known.emplace_back(family.name);
  }
  refuse_name("family", known, name);
}

/// That of all hidden weights without one of their own: none where a study names those of the layers only.
double common_penalty(const tune::ParamValues& params, const char* name) {
  return params.contains(name) ? get_float(params, name) : 0.0;
}

/// Of all hidden weights; a hidden dense layer may have its own.
void add_penalties(Network& network, const tune::ParamValues& params) {
  std::int64_t n_dense = 0;
  for (std::size_t l = 0; l < network.layers().size(); ++l) {
    const Layer& layer = network.layers()[l];
    if (!layer.has_weights() || layer.is_classifier) continue;
    Penalty penalty{common_penalty(params, "l1"), common_penalty(params, "l2")};
    if (layer.is_dense()) {
      penalty = {layer_float(params, "l1", n_dense, 0.0), layer_float(params, "l2", n_dense, 0.0)};
      ++n_dense;
    }
    network.penalize(l, penalty);
  }
}

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies{mlp_family(), cnn_family(), deep_cnn_family(), patch_mlp_family()};
  return kFamilies;
}

Network build_network(const tune::ParamValues& params, const Shape& image, std::int64_t n_classes) {
  Network network = family_called(get_string(params, "family")).build(params, image, n_classes);
  add_penalties(network, params);
  return network;
}

bool is_dense(const std::string& family) {
  return family_called(family).is_dense;
}

}  // namespace fmnist
