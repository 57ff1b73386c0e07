#include "fmnist/memory_meter.hpp"

#include <c10/core/Allocator.h>
#include <torch/version.h>

#include <algorithm>
#include <atomic>

namespace fmnist {
namespace {

/// How a LibTorch tells the sums of its allocators, which nobody needs here.
#if TORCH_VERSION_MAJOR < 2
using Total = std::int64_t;
#else
using Total = std::size_t;
#endif

class Silence final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t, Total, Total, c10::Device) override {}
  bool memoryProfilingEnabled() const override { return false; }
};

}  // namespace

/// Another thread may report as well, LibTorch's for the backward passes of a GPU.
class MemoryMeter::Counter final : public c10::MemoryReportingInfoBase {
 public:
  explicit Counter(const c10::Device& device) : device_(device) {}

  /// `size` is negative for what is given back.
  void reportMemoryUsage(void*, std::int64_t size, Total, Total, c10::Device device) override {
    if (device != device_) return;
    const std::int64_t now = held_ += size;
    std::int64_t peak = peak_;
    while (peak < now && !peak_.compare_exchange_weak(peak, now)) {
    }
  }
  bool memoryProfilingEnabled() const override { return true; }

  [[nodiscard]] std::int64_t peak() const { return peak_; }
  void set_peak(std::int64_t peak) { peak_ = std::max(peak, held_.load()); }

 private:
  c10::Device device_;
  std::atomic<std::int64_t> held_ = 0;
  std::atomic<std::int64_t> peak_ = 0;
};

MemoryMeter::MemoryMeter(const c10::Device& device) : counter_(std::make_shared<Counter>(device)) {}

std::uint64_t MemoryMeter::peak_bytes() const {
  return static_cast<std::uint64_t>(counter_->peak());
}

void MemoryMeter::lower_peak_to(std::uint64_t peak_bytes) {
  counter_->set_peak(static_cast<std::int64_t>(peak_bytes));
}

MemoryMeter::Scope::Scope(const MemoryMeter& meter)
    : guard_(c10::DebugInfoKind::PROFILER_STATE, meter.counter_) {}

MemoryMeter::Pause::Pause() : guard_(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<Silence>()) {}

}  // namespace fmnist
