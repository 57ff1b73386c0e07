#pragma once

#include <cstddef>
#include <memory>

#include "fmnist/dense_network.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/engine.hpp"

namespace fmnist {

/// Numbers of the copy of a layer's weights, by output, that its products keep: none where the layer is too
/// large for products in lanes and there is a library for it.
[[nodiscard]] std::size_t turned_weight_numbers(const DenseLayer& layer, bool has_library);

/// For weights by input, by hand for small layers; in tiles where the configuration has some.
[[nodiscard]] std::unique_ptr<ImageProducts> image_lanes(const ProductsConfig& config, const LaneConfig& lanes);
[[nodiscard]] std::unique_ptr<HiddenProducts> hidden_lanes(const ProductsConfig& config,
                                                           const LaneConfig& lanes);

}  // namespace fmnist
