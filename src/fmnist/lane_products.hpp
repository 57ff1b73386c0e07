#pragma once

#include <cstddef>
#include <memory>

#include "fmnist/dense_network.hpp"
#include "fmnist/dense_products.hpp"
#include "fmnist/engine.hpp"

namespace fmnist {

/// A batch of more rows is left to the library, whose products are faster then.
inline constexpr std::size_t kMostRowsInLanes = 256;

/// Whether the weights of a layer stay in a second cache, which products in lanes need to be fast.
[[nodiscard]] bool is_in_lanes(const DenseLayer& layer);

/// Numbers of a copy of its weights by output, rows from cache lines on.
[[nodiscard]] std::size_t turned_weight_numbers(const DenseLayer& layer);

/// For weights by input, by hand for small layers.
[[nodiscard]] std::unique_ptr<ImageProducts> image_lanes(const ProductsConfig& config, const LaneConfig& lanes);
[[nodiscard]] std::unique_ptr<HiddenProducts> hidden_lanes(const ProductsConfig& config,
                                                           const LaneConfig& lanes);

}  // namespace fmnist
