#pragma once

#include <cstddef>
#include <vector>

namespace fmnist {

/// That the lists' elements take together.
template <typename... T>
[[nodiscard]] std::size_t bytes_of(const std::vector<T>&... lists) {
  return (... + (lists.capacity() * sizeof(T)));
}

}  // namespace fmnist
