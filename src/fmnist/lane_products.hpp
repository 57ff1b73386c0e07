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

/// Products of the first layer over the bytes of images, for weights by input. Pixels that are 0 are left out
/// where several images, or neighbours, have them in common; or, in the weights' gradient, numbers of the one
/// above that are 0, where these are many, with the same result. What is no finite number still shows in all
/// sums, through what they begin with. What is rounded are sums of floats before pixels are moved to mean 0, as
/// in image_tiles.
[[nodiscard]] std::unique_ptr<ImageProducts> image_bytes(const ProductsConfig& config,
                                                         const ProductKernels& kernels);
/// What image_bytes takes for operands, in numbers.
[[nodiscard]] std::size_t image_byte_numbers(const ProductsConfig& config);

/// Products of the first layer over bytes, or in tiles where the configuration has some.
[[nodiscard]] std::unique_ptr<ImageProducts> image_lanes(const ProductsConfig& config, const LaneConfig& lanes);
/// Products of the others for weights by input, by hand for small layers, without what is 0 in their inputs or
/// in the gradient above where that is much, with the same result but for the sign of a 0; in tiles where they
/// are wide and the configuration has some.
[[nodiscard]] std::unique_ptr<HiddenProducts> hidden_lanes(const ProductsConfig& config,
                                                           const LaneConfig& lanes);

}  // namespace fmnist
