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

}  // namespace

const std::vector<Family>& families() {
  static const std::vector<Family> kFamilies{mlp_family(), cnn_family(), deep_cnn_family(), patch_mlp_family()};
  return kFamilies;
}

Network build_network(const tune::ParamValues& params, const Shape& image, std::int64_t n_classes) {
  return family_called(get_string(params, "family")).build(params, image, n_classes);
}

bool is_dense(const std::string& family) {
  return family_called(family).is_dense;
}

}  // namespace fmnist
