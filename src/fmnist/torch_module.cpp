#include <c10/util/Exception.h>

#include <string>
#include <utility>

#include "fmnist/device_failure.hpp"
#include "fmnist/device_stream.hpp"
#include "fmnist/libtorch.hpp"
#include "fmnist/memory_meter.hpp"
#include "fmnist/torch_part.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

constexpr const char* kLack = "out of memory";

/// Does it, with LibTorch's errors as ours. `lacked_memory` becomes true when that was why.
template <typename Work>
auto translated(Work&& work, bool* lacked_memory = nullptr) {
  try {
    return work();
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    const Failure failure = failure_of(message);
    if (failure == Failure::kDevice) throw tune::DeviceError(message);
    if (failure == Failure::kTrial) throw tune::Error(message);
    if (lacked_memory != nullptr) *lacked_memory = true;
    // Some libraries say it in words of their own; who reads the reason looks for these.
    throw tune::Error(message.find(kLack) == std::string::npos ? std::string(kLack) + ": " + message : message);
  }
}

/// What LibTorch keeps of a device's memory goes back.
void release_memory() {
  try {
    libtorch::release_cached_memory();
  } catch (const c10::Error&) {
    // It stays with LibTorch, which uses it for what comes next.
  }
}

/// An engine whose work goes into a stream of its own, whose memory is counted and whose errors are ours.
class GuardedEngine final : public Engine {
  // Before its use, for what it returns is deduced.
  template <typename Work>
  auto guarded(Work&& work) const {
    return translated(
        [&] {
          const DeviceStream::Scope in_stream(stream_);
          const MemoryMeter::Scope counted(meter_);
          return work();
        },
        &lacked_memory_);
  }

 public:
  template <typename Make>
  GuardedEngine(std::shared_ptr<const TrainingData> data, const std::string& device, Make&& make)
      : data_(std::move(data)), stream_(c10::Device(device)), meter_(c10::Device(device)) {
    const DeviceStream::Scope in_stream(stream_);
    const MemoryMeter::Scope counted(meter_);
    engine_ = make();
  }
  /// After it lacked memory, what it held goes back to the device.
  ~GuardedEngine() override {
    {
      const MemoryMeter::Scope counted(meter_);
      engine_.reset();
    }
    if (lacked_memory_) release_memory();
  }
  GuardedEngine(const GuardedEngine&) = delete;
  GuardedEngine& operator=(const GuardedEngine&) = delete;

  void begin_epoch(std::uint64_t epoch) override {
    guarded([&] { engine_->begin_epoch(epoch); });
  }
  void set_lr(double lr) override {
    guarded([&] { engine_->set_lr(lr); });
  }
  BatchSums train_step(std::span<const std::uint32_t> positions) override {
    return guarded([&] { return engine_->train_step(positions); });
  }
  BatchSums evaluate(std::span<const std::uint32_t> positions) override {
    return guarded([&] { return engine_->evaluate(positions); });
  }
  std::vector<float> outputs(std::span<const std::uint32_t> positions) override {
    return guarded([&] { return engine_->outputs(positions); });
  }
  void begin_pass(std::span<const std::uint32_t> positions, bool training) override {
    guarded([&] { engine_->begin_pass(positions, training); });
  }
  void start(std::size_t begin, std::size_t n) override {
    guarded([&] { engine_->start(begin, n); });
  }
  std::vector<BatchSums> finish() override {
    return guarded([&] { return engine_->finish(); });
  }
  std::size_t starts_ahead() const override { return engine_->starts_ahead(); }
  std::vector<float> parameters() const override {
    return guarded([&] { return engine_->parameters(); });
  }
  std::vector<float> gradients() const override {
    return guarded([&] { return engine_->gradients(); });
  }
  std::vector<float> buffers() const override {
    return guarded([&] { return engine_->buffers(); });
  }
  std::uint64_t peak_memory_bytes() const override { return meter_.peak_bytes(); }
  EngineState state() const override {
    return guarded([&] { return engine_->state(); });
  }
  /// What it takes for a moment is not of the trial.
  void restore(const EngineState& state) override {
    const std::uint64_t peak = meter_.peak_bytes();
    guarded([&] { engine_->restore(state); });
    meter_.lower_peak_to(peak);
  }

 private:
  std::shared_ptr<const TrainingData> data_;  ///< Outlives what the stream still does with it.
  DeviceStream stream_;
  MemoryMeter meter_;
  std::unique_ptr<Engine> engine_;
  mutable bool lacked_memory_ = false;
};

template <typename Make>
std::unique_ptr<Engine> make_guarded(Make make, std::shared_ptr<const TrainingData> data,
                                     const EngineConfig& config, const std::string& device) {
  bool lacked_memory = false;
  try {
    return translated(
        [&]() -> std::unique_ptr<Engine> {
          return std::make_unique<GuardedEngine>(data, device, [&] { return make(data, config, device); });
        },
        &lacked_memory);
  } catch (const tune::Error&) {
    if (lacked_memory) release_memory();
    throw;
  }
}

std::unique_ptr<Engine> make_engine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                    const std::string& device) {
  return make_guarded(&make_autograd_engine, std::move(data), config, device);
}

std::unique_ptr<Engine> make_by_hand(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                     const std::string& device) {
  return make_guarded(&make_tensor_engine, std::move(data), config, device);
}

void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, const float* a,
              std::size_t lda, const float* b, std::size_t ldb, float beta, float* c, std::size_t ldc) {
  translated([&] { aten_gemm()(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc); });
}

}  // namespace
}  // namespace fmnist

extern "C" [[gnu::visibility("default")]] const fmnist::TorchPart fmnist_torch_part{
    .make_engine = &fmnist::make_engine,
    .make_tensor_engine = &fmnist::make_by_hand,
    .gemm = &fmnist::multiply,
    .use_one_thread = [] { fmnist::translated(&fmnist::libtorch::use_one_thread); },
    .cuda_devices = [] { return fmnist::translated(&fmnist::libtorch::cuda_devices); },
    .cpu_capability = [] { return fmnist::translated(&fmnist::libtorch::cpu_capability); },
    .blas = [] { return fmnist::translated(&fmnist::libtorch::blas); },
};
