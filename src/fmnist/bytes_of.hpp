#pragma once

#include <cstddef>
#include <vector>

namespace fmnist {

/// What the elements of all lists take, and the room for more.
template <typename... T>
[[nodiscard]] std::size_t bytes_of(const std::vector<T>&... lists) {
  return (... + (lists.capacity() * sizeof(T)));
}

}  // namespace fmnist
