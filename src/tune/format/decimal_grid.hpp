#pragma once

namespace tune::format {

/// The largest low + k·step ≤ high, k whole, computed on the decimal texts of the three numbers as Optuna
/// does: 0.1 … 0.3 by 0.1 ends at 0.3, which binary arithmetic would miss. Needs low ≤ high, step > 0.
/// Where the exact numbers need more than 38 digits, binary arithmetic with a tolerance of 1e-9 steps is used.
[[nodiscard]] double last_grid_point(double low, double high, double step);

}  // namespace tune::format
