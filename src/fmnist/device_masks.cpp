#include "fmnist/device_masks.hpp"

#include <ATen/Context.h>

#include <cstring>
#include <string>

#include "tune/error.hpp"

namespace fmnist {
namespace {

using at::Tensor;

/// What LibTorch keeps of a GPU's generator: its seed and its place (Philox), 16 bytes.
Tensor bytes_of(const at::Generator& generator) {
  Tensor bytes = generator.get_state();
  if (static_cast<std::size_t>(bytes.numel()) > sizeof(DropoutState))
    throw tune::Error("the device's generator has a larger state than a checkpoint has room for");
  return bytes;
}

}  // namespace

DeviceMasks::DeviceMasks(std::uint64_t seed, std::uint64_t trial, const at::Device& device)
    : seed_(seed), trial_(trial), on_cpu_(seed, trial) {
  if (!device.is_cpu()) generator_ = at::globalContext().defaultGenerator(device).clone();
  begin_epoch(0);
}

void DeviceMasks::begin_epoch(std::uint64_t epoch) {
  if (!generator_) return on_cpu_.begin_epoch(epoch);
  tune::RandomStream stream({seed_, trial_, tune::Purpose::kDropout, epoch});
  std::uint64_t seed = 0;
  std::uint32_t words[2];
  stream.fill(words);
  std::memcpy(&seed, words, sizeof seed);
  generator_->set_current_seed(seed);
}

Tensor DeviceMasks::next(const Tensor& like, double probability) {
  if (generator_)
    return at::empty_like(like).bernoulli_(1.0 - probability, *generator_).mul_(1.0 / (1.0 - probability));
  Tensor mask = at::empty_like(like);
  const auto n = static_cast<std::size_t>(like.numel());
  const DropoutMask drawn = on_cpu_.next(n, probability);
  auto* to = mask.data_ptr<float>();
  for (std::size_t i = 0; i < n; ++i) to[i] = drawn.words[i] >= drawn.threshold ? drawn.scale : 0.0F;
  return mask;
}

DropoutState DeviceMasks::state() const {
  if (!generator_) return on_cpu_.state();
  const Tensor bytes = bytes_of(*generator_);
  DropoutState state{};
  std::memcpy(state.data(), bytes.data_ptr(), static_cast<std::size_t>(bytes.numel()));
  return state;
}

void DeviceMasks::restore(const DropoutState& state) {
  if (!generator_) return on_cpu_.restore(state);
  Tensor bytes = bytes_of(*generator_);
  std::memcpy(bytes.data_ptr(), state.data(), static_cast<std::size_t>(bytes.numel()));
  try {
    generator_->set_state(bytes);
  } catch (const c10::Error& error) {
    throw tune::FormatError(std::string("its dropout state is refused: ") + error.what_without_backtrace());
  }
}

}  // namespace fmnist
