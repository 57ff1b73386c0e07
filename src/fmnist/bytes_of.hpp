#pragma once

#include <cstddef>

namespace fmnist {

/// What the elements of all lists take, and the room for more.
template <typename... Lists>
[[nodiscard]] std::size_t bytes_of(const Lists&... lists) {
  return (... + (lists.capacity() * sizeof(typename Lists::value_type)));
}

}  // namespace fmnist
