#include "tune/math/sobol.hpp"

#include <bit>
#include <boost/random/sobol.hpp>
#include <string>

#include "tune/error.hpp"
#include "tune/random.hpp"

namespace tune::math {
namespace {

constexpr unsigned kBits = 64;
using Engine = boost::random::sobol_engine<std::uint64_t, kBits>;

}  // namespace

std::size_t max_sobol_dimensions() noexcept {
  return BOOST_RANDOM_SOBOL_MAX_DIMENSION;
}

std::vector<std::uint64_t> sobol_point(std::uint64_t index, std::size_t n_dimensions) {
  if (n_dimensions > max_sobol_dimensions()) {
    throw InvalidArgument("a Sobol point has at most " + std::to_string(max_sobol_dimensions()) +
                          " dimensions, asked for " + std::to_string(n_dimensions));
  }
  std::vector<std::uint64_t> point(n_dimensions);
  if (index == 0 || n_dimensions == 0) {
    return point;  // Boost's sequence leaves the origin out.
  }
  Engine engine(n_dimensions);
  engine.discard((index - 1) * n_dimensions);
  for (std::uint64_t& coordinate : point) {
    coordinate = engine();
  }
  return point;
}

std::uint64_t scrambled(std::uint64_t fraction, std::uint64_t seed, std::size_t dimension) {
  RandomStream stream(StreamKey{.seed = seed, .purpose = Purpose::kSequenceScrambling, .index = dimension});
  std::uint64_t result = 0;
  for (unsigned bit = 0; bit < kBits; ++bit) {
    // Row `bit` of a lower triangular matrix with ones on its diagonal; the first digit is the highest bit.
    const std::uint64_t diagonal = std::uint64_t{1} << (kBits - 1 - bit);
    const std::uint64_t row = (stream() & ~((diagonal << 1U) - 1)) | diagonal;
    const bool digit = std::popcount(row & fraction) % 2 == 1;
    result |= digit ? diagonal : 0;
  }
  return result ^ stream();
}

double to_unit_interval(std::uint64_t fraction) noexcept {
  constexpr unsigned kMantissaBits = 53;
  return static_cast<double>(fraction >> (kBits - kMantissaBits)) * 0x1p-53;
}

}  // namespace tune::math
