#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tune::math {

/// The most dimensions a point can have.
[[nodiscard]] std::size_t max_sobol_dimensions() noexcept;

/// Point `index` of the Sobol sequence with the directions of Joe and Kuo, each coordinate as a fraction of
/// 2^64. Point 0 is the origin. Throws InvalidArgument beyond `max_sobol_dimensions()`. O(d · log index).
[[nodiscard]] std::vector<std::uint64_t> sobol_point(std::uint64_t index, std::size_t n_dimensions);

/// A random linear matrix scramble and digital shift of the coordinate number `dimension` (Matoušek 1998): a
/// bijection of the 64-bit fractions that keeps a Sobol sequence a digital net. Equal seeds give equal maps.
[[nodiscard]] std::uint64_t scrambled(std::uint64_t fraction, std::uint64_t seed, std::size_t dimension);

/// The fraction as a number in [0, 1).
[[nodiscard]] double to_unit_interval(std::uint64_t fraction) noexcept;

}  // namespace tune::math
