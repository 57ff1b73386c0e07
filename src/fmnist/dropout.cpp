#include "fmnist/dropout.hpp"

#include <algorithm>
#include <iterator>

namespace fmnist {

DropoutMasks::DropoutMasks(std::uint64_t seed, std::uint64_t trial) : seed_(seed), trial_(trial) {
  begin_epoch(0);
}

void DropoutMasks::begin_epoch(std::uint64_t epoch) {
  tune::RandomStream stream({seed_, trial_, tune::Purpose::kDropout, epoch});
  for (auto& row : state_.s) stream.fill(row);
  // A generator whose four words are all zero would stay there.
  for (auto& word : state_.s[3]) word |= 1U;
}

DropoutMask DropoutMasks::next(std::size_t n, double probability) {
  if (probability == 0.0) return {};
  constexpr std::size_t kLanes = BulkState::kLanes;
  const std::size_t rounded = (n + kLanes - 1) / kLanes * kLanes;
  if (words_.size() < rounded) {
    words_.reserve(rounded);  // And no more: what a trial takes does not depend on where it was resumed.
    words_.resize(rounded);
  }
  kernels().random_words(state_, rounded, words_.data());
  constexpr double kTwo32 = 4294967296.0;
  return {.words = words_.data(),
          .threshold = static_cast<std::uint32_t>(probability * kTwo32),
          .scale = static_cast<float>(1.0 / (1.0 - probability))};
}

DropoutState DropoutMasks::state() const {
  DropoutState words{};
  auto to = words.begin();
  for (const auto& row : state_.s) to = std::copy(std::begin(row), std::end(row), to);
  return words;
}

void DropoutMasks::restore(const DropoutState& state) {
  auto from = state.begin();
  for (auto& row : state_.s) {
    std::copy_n(from, BulkState::kLanes, std::begin(row));
    from += BulkState::kLanes;
  }
}

}  // namespace fmnist
