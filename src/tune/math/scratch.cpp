#include "tune/math/scratch.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

namespace tune::math {
namespace {

struct Block {
  std::size_t size = 0;
  std::unique_ptr<double[]> memory;
};

// What a suggestion holds at the same time, and 64 MiB a thread at most.
constexpr std::size_t kMostBlocks = 8;
constexpr std::size_t kLargestKept = std::size_t{1} << 20;

// With room for all of them, so that giving one back cannot fail.
struct KeptBlocks {
  KeptBlocks() { blocks.reserve(kMostBlocks); }
  std::vector<Block> blocks;
};

std::vector<Block>& kept_blocks() {
  thread_local KeptBlocks kept;
  return kept.blocks;
}

}  // namespace

Scratch::Scratch(std::size_t n_doubles) : size_(std::bit_ceil(std::max<std::size_t>(n_doubles, 1))) {
  auto& kept = kept_blocks();
  const auto found = std::find_if(kept.begin(), kept.end(), [&](const Block& b) { return b.size == size_; });
  if (found == kept.end()) {
    block_ = std::make_unique_for_overwrite<double[]>(size_);
    return;
  }
  block_ = std::move(found->memory);
  kept.erase(found);
}

Scratch::~Scratch() {
  if (block_ == nullptr || size_ > kLargestKept) return;
  auto& kept = kept_blocks();
  if (kept.size() == kMostBlocks) kept.erase(kept.begin());
  kept.push_back({size_, std::move(block_)});
}

}  // namespace tune::math
