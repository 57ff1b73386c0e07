#include "tune/math/permutation.hpp"

#include "tune/error.hpp"
#include "tune/random.hpp"

namespace tune::math {
namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 62U;
constexpr std::uint64_t kRounds = 4;

}  // namespace

Permutation::Permutation(std::uint64_t n, std::uint64_t seed) : n_(n), seed_(seed) {
  if (n == 0 || n > kMost) throw InvalidArgument("a permutation is of 1 to 2^62 numbers");
  while ((std::uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
}

std::uint64_t Permutation::once(std::uint64_t index) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = index >> half_bits_;
  std::uint64_t right = index & mask;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    RandomStream function(
        StreamKey{.seed = seed_, .trial = round, .purpose = Purpose::kGridOrder, .index = right});
    const std::uint64_t next = left ^ (function() & mask);
    left = right;
    right = next;
  }
  return left << half_bits_ | right;
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  std::uint64_t image = once(index);
  while (image >= n_) image = once(image);
  return image;
}

}  // namespace tune::math
