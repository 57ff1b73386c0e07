#include "tune/random.hpp"

#include <Random123/philox.h>

#include <cmath>

#include "tune/error.hpp"
#include "tune/math/elementary.hpp"

namespace tune {

RandomStream::RandomStream(const StreamKey& key)
    : key_{key.seed, static_cast<std::uint64_t>(key.purpose)}, counter_{0, key.index, key.trial, 0} {}

void RandomStream::refill() {
  using Generator = r123::Philox4x64;
  const Generator::key_type key = {{key_[0], key_[1]}};
  const Generator::ctr_type counter = {{counter_[0], counter_[1], counter_[2], counter_[3]}};
  const Generator::ctr_type words = Generator()(counter, key);
  block_ = {words[0], words[1], words[2], words[3]};
  ++counter_[0];
  used_ = 0;
}

RandomStream::result_type RandomStream::operator()() {
  if (used_ == block_.size()) refill();
  return block_[used_++];
}

double RandomStream::uniform() {
  constexpr double kTwoToMinus53 = 0x1p-53;
  return static_cast<double>((*this)() >> 11) * kTwoToMinus53;
}

double RandomStream::uniform(double low, double high) {
  if (!(low < high)) return low;
  // Written so that neither an overflowing width nor rounding can leave [low, high).
  const double u = uniform();
  const double x = low * (1.0 - u) + high * u;
  if (x < low) return low;
  return x < high ? x : std::nextafter(high, low);
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  if (n == 0) throw InvalidArgument("below(n) needs n >= 1, found 0");
  // Lemire, "Fast random integer generation in an interval", 2019: multiply, reject the short tail.
  __extension__ using Wide = unsigned __int128;
  while (true) {
    const Wide product = static_cast<Wide>((*this)()) * n;
    const auto low = static_cast<std::uint64_t>(product);
    // The tail is shorter than n: its division is seldom needed.
    if (low >= n || low >= (0 - n) % n) return static_cast<std::uint64_t>(product >> 64);
  }
}

double RandomStream::normal() {
  constexpr double kHalfStep = 0x1p-54;  // Keeps clear of 0, whose quantile is infinite.
  const double u = uniform();
  return u < 0.5 ? math::lower_normal_quantile(u + kHalfStep)
                 : -math::lower_normal_quantile((1.0 - u) - kHalfStep);
}

void RandomStream::fill(std::span<std::uint32_t> words) {
  std::size_t i = 0;
  for (; i + 1 < words.size(); i += 2) {
    const std::uint64_t bits = (*this)();
    words[i] = static_cast<std::uint32_t>(bits);
    words[i + 1] = static_cast<std::uint32_t>(bits >> 32);
  }
  if (i < words.size()) words[i] = static_cast<std::uint32_t>((*this)());
}

std::uint64_t stable_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a's offset basis and prime.
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace tune
