#include <c10/util/Exception.h>

#include <string_view>
#include <utility>

#include "fmnist/libtorch.hpp"
#include "fmnist/torch_part.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

/// A broken device ends more than this trial; LibTorch says so in words only.
bool is_device_failure(const c10::Error& error) {
  const std::string_view text = error.what_without_backtrace();
  return text.find("CUDA error") != std::string_view::npos &&
         text.find("out of memory") == std::string_view::npos;
}

/// Does it, with LibTorch's errors as ours.
template <typename Work>
auto translated(Work&& work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    if (is_device_failure(error)) throw tune::DeviceError(error.what_without_backtrace());
    throw tune::Error(error.what_without_backtrace());
  }
}

class TranslatingEngine final : public Engine {
 public:
  explicit TranslatingEngine(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

  void begin_epoch(std::uint64_t epoch) override {
    translated([&] { engine_->begin_epoch(epoch); });
  }
  void set_lr(double lr) override {
    translated([&] { engine_->set_lr(lr); });
  }
  BatchSums train_step(std::span<const std::uint32_t> positions) override {
    return translated([&] { return engine_->train_step(positions); });
  }
  BatchSums evaluate(std::span<const std::uint32_t> positions) override {
    return translated([&] { return engine_->evaluate(positions); });
  }
  std::vector<float> outputs(std::span<const std::uint32_t> positions) override {
    return translated([&] { return engine_->outputs(positions); });
  }
  std::vector<float> parameters() const override {
    return translated([&] { return engine_->parameters(); });
  }
  std::vector<float> gradients() const override {
    return translated([&] { return engine_->gradients(); });
  }
  std::vector<float> buffers() const override {
    return translated([&] { return engine_->buffers(); });
  }
  EngineState state() const override {
    return translated([&] { return engine_->state(); });
  }
  void restore(const EngineState& state) override {
    translated([&] { engine_->restore(state); });
  }

 private:
  std::unique_ptr<Engine> engine_;
};

std::unique_ptr<Engine> make_engine(std::shared_ptr<const TrainingData> data, const EngineConfig& config,
                                    const std::string& device) {
  return translated([&]() -> std::unique_ptr<Engine> {
    return std::make_unique<TranslatingEngine>(make_autograd_engine(std::move(data), config, device));
  });
}

void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, const float* a,
              std::size_t lda, const float* b, std::size_t ldb, float beta, float* c, std::size_t ldc) {
  translated([&] { aten_gemm()(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc); });
}

}  // namespace
}  // namespace fmnist

extern "C" [[gnu::visibility("default")]] const fmnist::TorchPart fmnist_torch_part{
    .make_engine = &fmnist::make_engine,
    .gemm = &fmnist::multiply,
    .use_one_thread = [] { fmnist::translated(&fmnist::libtorch::use_one_thread); },
    .cuda_devices = [] { return fmnist::translated(&fmnist::libtorch::cuda_devices); },
    .cpu_capability = [] { return fmnist::translated(&fmnist::libtorch::cpu_capability); },
    .blas = [] { return fmnist::translated(&fmnist::libtorch::blas); },
};
