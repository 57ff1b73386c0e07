#pragma once

#include <cstdint>
#include <string_view>

#include "tune/random.hpp"

namespace tune {

/// The order of trials by their values of one parameter, equal values in an order of the parameter's own.
///
/// A Parzen estimator gives the wider bandwidths at the ends of a run of equal values to whichever trials stand
/// there. By number these would be the oldest and the newest trial, in every parameter alike. Optuna sorts by
/// numpy's default, which scatters equal values as the processor has it, and that finds better values on grids.
class ValueOrder {
 public:
  explicit ValueOrder(std::string_view parameter) : salt_(stable_hash(parameter)) {}

  /// Whether trial `a` with value `x` comes before trial `b` with value `y`. Neither value is NaN.
  [[nodiscard]] bool is_before(double x, std::uint32_t a, double y, std::uint32_t b) const {
    return x < y || (x == y && shuffled(a ^ salt_) < shuffled(b ^ salt_));
  }

 private:
  /// The finaliser of MurmurHash3: a bijection, so that no two trials are equal.
  static std::uint64_t shuffled(std::uint64_t number) {
    number = (number ^ (number >> 33)) * 0xff51afd7ed558ccdU;
    number = (number ^ (number >> 33)) * 0xc4ceb9fe1a85ec53U;
    return number ^ (number >> 33);
  }

  std::uint64_t salt_;
};

}  // namespace tune
