#include "fmnist/families/dense.hpp"
#include "fmnist/families/family.hpp"

namespace fmnist {
namespace {

Network build(const tune::ParamValues& params, const Shape& image, std::int64_t n_classes) {
  return dense_network(dense_config(params), element_count(image), n_classes);
}

}  // namespace

Family mlp_family() {
  return {.name = "mlp",
          .description = "a stack of dense layers",
          .is_dense = true,
          .parameters = dense_parameters(),
          .build = build};
}

}  // namespace fmnist
