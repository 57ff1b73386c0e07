#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace tune {

/// What a stream of random numbers is for. Streams of different purposes are independent.
/// The numbers are part of the reproducibility promise: never renumber, only append.
enum class Purpose : std::uint32_t {
  kSuggestion = 1,
  kInitialWeights = 2,
  kShuffle = 3,
  kDropout = 4,
  kValidationSplit = 5,
  kAugmentation = 6,
  kPruning = 7,
  kSequenceScrambling = 8,
  kGridOrder = 9,
  kCopiedStudy = 10,
  kConfirmation = 11,
  kProgramSeed = 12,
};

/// Names one stream. Equal keys give equal numbers on every machine; any difference gives an independent
/// stream. `index` tells streams of one purpose apart: an epoch, a layer, `stable_hash` of a parameter name.
struct StreamKey {
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
  Purpose purpose = Purpose::kSuggestion;
  std::uint64_t index = 0;

  friend bool operator==(const StreamKey&, const StreamKey&) = default;
};

/// A counter-based stream: Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011) with key (seed, purpose) and counter (block, index, trial, 0). It holds no hidden state beyond
/// its position, needs no saving and costs a few nanoseconds a number.
///
/// Satisfies UniformRandomBitGenerator. Not thread-safe; make one a thread.
class RandomStream {
 public:
  using result_type = std::uint64_t;

  explicit RandomStream(const StreamKey& key);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  /// 64 uniform bits.
  result_type operator()();
  /// A double in [0, 1) with 53 random bits.
  double uniform();
  /// A double in [low, high); `low` when the range is empty or one point.
  double uniform(double low, double high);
  /// An unbiased integer in [0, n). Throws InvalidArgument when n is 0.
  std::uint64_t below(std::uint64_t n);
  /// A standard normal number: the quantile of one uniform number.
  double normal();
  /// Fills with uniform 32-bit words; for masks and other bulk needs.
  void fill(std::span<std::uint32_t> words);

 private:
  void refill();

  std::array<std::uint64_t, 2> key_;
  std::array<std::uint64_t, 4> counter_;
  std::array<std::uint64_t, 4> block_{};
  unsigned used_ = 4;
};

/// FNV-1a, 64 bits: the same on every machine, unlike std::hash. Turns a name into a StreamKey index.
[[nodiscard]] std::uint64_t stable_hash(std::string_view text) noexcept;

}  // namespace tune
