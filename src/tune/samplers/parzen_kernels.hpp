#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

namespace tune::samplers {

/// This many bandwidths away, the rest of the normal distribution is no longer seen in double precision.
inline constexpr double kNoTail = 8.5;

/// Truncated normal kernels of one number, the prior last. With `is_log`, mu, sigma and the adapted ends are
/// logarithms. Grids carry mass over cells, so the adapted ends lie half a step outside.
struct NumericKernels {
  std::vector<double> mu;
  std::vector<double> sigma;
  double low = 0.0;
  double high = 0.0;
  double step = 0.0;  ///< 0 = continuous.
  bool is_log = false;
  double adapted_low = 0.0;
  double adapted_high = 0.0;
  double narrowest = 1.0;  ///< The smallest sigma that the rule gives.
  /// The observations whose sigma is not `narrowest` or that lie near an end; every other kernel has all of its
  /// mass between the ends.
  std::vector<std::uint32_t> special;
  /// Grids only: kernels of one class have the same mu and sigma. An entry an observation; `class_kernel` has a
  /// kernel of each class.
  std::vector<std::uint32_t> class_of;
  std::vector<std::uint32_t> class_kernel;
};

/// Kernels over choices, the prior last: the observed choice has probability `peak`, every other one `base`
/// (the prior's are all equal). Two numbers stand for the rows of Optuna's weight table, so 10,000 choices
/// cost nothing.
struct CategoricalKernels {
  std::size_t n_choices = 0;
  std::vector<std::size_t> observed;  ///< Per kernel; for the prior `n_choices`, which no choice equals.
  double base = 0.0;
  double peak = 0.0;
  double prior = 0.0;

  [[nodiscard]] double probability(std::size_t kernel, std::size_t choice) const;
};

using Kernels = std::variant<NumericKernels, CategoricalKernels>;

}  // namespace tune::samplers
