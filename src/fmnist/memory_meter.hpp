#pragma once

#include <c10/core/Device.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <cstdint>
#include <memory>

namespace fmnist {

/// Counts the bytes of one device that LibTorch gives to tensors in the scopes of this meter, by what its
/// allocators report to profilers. A tensor that is made in a scope has to end in one.
class MemoryMeter {
 public:
  explicit MemoryMeter(const c10::Device& device);

  /// Most at a time so far.
  [[nodiscard]] std::uint64_t peak_bytes() const;
  /// Back to an earlier one, or to what is held now where that is more.
  void lower_peak_to(std::uint64_t peak_bytes);

  /// While it lives, what this thread and the backward passes that it asks for allocate is counted. Scopes of
  /// one thread may nest: the innermost counts.
  class Scope {
   public:
    explicit Scope(const MemoryMeter& meter);

   private:
    c10::DebugInfoGuard guard_;
  };

  /// While it lives, no meter counts what this thread allocates: what engines share is of none.
  class Pause {
   public:
    Pause();

   private:
    c10::DebugInfoGuard guard_;
  };

 private:
  class Counter;
  std::shared_ptr<Counter> counter_;
};

}  // namespace fmnist
