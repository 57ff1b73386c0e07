#pragma once

#include <string_view>

#include "fmnist/activation.hpp"
#include "fmnist/names.hpp"

namespace fmnist {

[[nodiscard]] const Names<Activation>& activation_names();
[[nodiscard]] std::string_view to_string(Activation activation);

}  // namespace fmnist
