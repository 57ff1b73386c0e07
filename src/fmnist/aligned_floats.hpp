#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace fmnist {

/// Memory that begins with a cache line, so that no register's worth of it lies in two.
template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kCacheLine{64};

  CacheLineAllocator() = default;
  template <typename U>
  explicit CacheLineAllocator(const CacheLineAllocator<U>& /*other*/) {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kCacheLine)); }
  void deallocate(T* memory, std::size_t /*n*/) { ::operator delete(memory, kCacheLine); }
  bool operator==(const CacheLineAllocator& /*other*/) const { return true; }
};

using AlignedFloats = std::vector<float, CacheLineAllocator<float>>;

}  // namespace fmnist
