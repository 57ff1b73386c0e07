#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fmnist/network.hpp"
#include "tune/option.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// A kind of network: how a trial's parameters become layers. Free of LibTorch, like all that a study file is
/// checked with. A new one is a file in this folder and a line in registry.cpp.
struct Family {
  std::string name;         ///< The value of the parameter `family`.
  std::string description;  ///< A phrase.
  bool is_dense = false;    ///< Has dense layers only, whatever its parameters.
  /// What it reads; several families may read the same one.
  std::vector<tune::OptionSpec> parameters;
  /// Throws InvalidArgument for parameters that make no network of such images.
  Network (*build)(const tune::ParamValues& params, const Shape& image, std::int64_t n_classes);
};

/// All families, "mlp" first.
[[nodiscard]] const std::vector<Family>& families();

/// The network of a trial, with the penalties `l1` and `l2` of its layers. Throws InvalidArgument for an
/// unknown family, and as Family::build.
[[nodiscard]] Network build_network(const tune::ParamValues& params, const Shape& image,
                                    std::int64_t n_classes);

/// Family::is_dense of that name. Throws InvalidArgument for an unknown one.
[[nodiscard]] bool is_dense(const std::string& family);

[[nodiscard]] Family mlp_family();
[[nodiscard]] Family cnn_family();
[[nodiscard]] Family deep_cnn_family();
[[nodiscard]] Family patch_mlp_family();

}  // namespace fmnist
