#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace fmnist {

inline constexpr std::size_t kCacheLineBytes = 64;

/// Memory that begins with a cache line, so that no register's worth of it lies in two.
template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{kCacheLineBytes};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>& /*other*/) {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* memory, std::size_t /*n*/) { ::operator delete(memory, kAlignment); }
  template <typename U>
  bool operator==(const CacheLineAllocator<U>& /*other*/) const {
    return true;
  }
};

using AlignedFloats = std::vector<float, CacheLineAllocator<float>>;
using AlignedWords = std::vector<std::uint32_t, CacheLineAllocator<std::uint32_t>>;

}  // namespace fmnist
