#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tune/objective.hpp"

namespace tune {

/// What a trial may cost, by the estimate of its objective; nothing: no limit. Each > 0.
struct CostLimits {
  std::optional<double> memory_bytes;
  std::optional<double> flops_per_epoch;
};

/// What limits say of an estimate.
struct CostVerdict {
  /// One for each limit on something the estimate knows: `memory_limit` and `compute_limit`, the estimate
  /// divided by the limit, minus one. A share of the limit, not bytes: violations of a trial are added up.
  std::vector<std::pair<std::string, double>> constraints;
  /// Says each estimate that exceeds its limit; empty when none does.
  std::string reason;

  [[nodiscard]] bool is_rejected() const { return !reason.empty(); }
};

/// Every reason of a verdict begins so.
inline constexpr std::string_view kRejectedReason = "rejected before training";

/// An estimate of 0 is not known: it is held against nothing.
[[nodiscard]] CostVerdict judge_cost(const CostEstimate& estimate, const CostLimits& limits);

}  // namespace tune
