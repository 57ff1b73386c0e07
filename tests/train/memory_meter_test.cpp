#include "fmnist/memory_meter.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <thread>

namespace {

using fmnist::MemoryMeter;

constexpr std::int64_t kNumbers = 1000;
constexpr std::uint64_t kBytes = kNumbers * sizeof(float);

at::Tensor numbers() {
  return at::zeros({kNumbers});
}

MemoryMeter meter_of_cpu() {
  return MemoryMeter(c10::Device("cpu"));
}

TEST(MemoryMeter, KnowsTheMostThatTensorsTookAtATime) {
  const MemoryMeter meter = meter_of_cpu();
  EXPECT_EQ(meter.peak_bytes(), 0U);
  const MemoryMeter::Scope counted(meter);
  for (int i = 0; i < 3; ++i) static_cast<void>(numbers());
  EXPECT_EQ(meter.peak_bytes(), kBytes);
  const at::Tensor first = numbers();
  const at::Tensor second = numbers();
  EXPECT_EQ(meter.peak_bytes(), 2 * kBytes);
}

TEST(MemoryMeter, CountsWhatLivesFromOneScopeToTheNext) {
  const MemoryMeter meter = meter_of_cpu();
  at::Tensor kept;
  {
    const MemoryMeter::Scope counted(meter);
    kept = numbers();
  }
  const at::Tensor of_nobody = numbers();
  const MemoryMeter::Scope counted(meter);
  static_cast<void>(numbers());
  EXPECT_EQ(meter.peak_bytes(), 2 * kBytes);
  kept = at::Tensor();
  static_cast<void>(numbers());
  EXPECT_EQ(meter.peak_bytes(), 2 * kBytes);
}

TEST(MemoryMeter, LeavesOutOtherThreadsPausesAndDevices) {
  const MemoryMeter meter = meter_of_cpu();
  const MemoryMeter of_gpu(c10::Device("cuda:0"));
  const MemoryMeter::Scope counted(meter);
  std::thread([] { static_cast<void>(numbers()); }).join();
  {
    const MemoryMeter::Pause pause;
    static_cast<void>(numbers());
  }
  EXPECT_EQ(meter.peak_bytes(), 0U);
  {
    const MemoryMeter::Scope inner(of_gpu);
    static_cast<void>(numbers());
  }
  EXPECT_EQ(of_gpu.peak_bytes(), 0U);
  EXPECT_EQ(meter.peak_bytes(), 0U) << "the innermost scope counts";
}

TEST(MemoryMeter, ForgetsAPeakButNotWhatIsStillThere) {
  MemoryMeter meter = meter_of_cpu();
  const MemoryMeter::Scope counted(meter);
  const at::Tensor kept = numbers();
  { const at::Tensor first = numbers(), second = numbers(); }
  ASSERT_EQ(meter.peak_bytes(), 3 * kBytes);
  meter.lower_peak_to(2 * kBytes);
  EXPECT_EQ(meter.peak_bytes(), 2 * kBytes);
  meter.lower_peak_to(0);
  EXPECT_EQ(meter.peak_bytes(), kBytes);
}

TEST(MemoryMeter, CountsBackwardPasses) {
  const MemoryMeter meter = meter_of_cpu();
  const MemoryMeter::Scope counted(meter);
  const at::Tensor x = numbers().requires_grad_(true);
  const at::Tensor y = x.square().sum();
  const std::uint64_t forward = meter.peak_bytes();
  y.backward();
  EXPECT_GE(meter.peak_bytes(), forward + kBytes) << "the gradient by x";
}

}  // namespace
