#include "tune/cost_limits.hpp"

#include <fmt/format.h>

namespace tune {
namespace {

/// A cost in the unit that people are told it in.
struct Cost {
  const char* constraint;
  const char* name;
  const char* unit;
  double in_unit;  ///< What makes one of the unit.
};

constexpr Cost kMemory{"memory_limit", "memory", "MiB", 1024.0 * 1024.0};
constexpr Cost kCompute{"compute_limit", "computation", "GFLOP an epoch", 1e9};

void judge(const Cost& cost, double estimate, std::optional<double> limit, CostVerdict& verdict) {
  if (!limit || estimate == 0.0) return;
  const double excess = estimate / *limit - 1.0;
  verdict.constraints.emplace_back(cost.constraint, excess);
  if (excess <= 0.0) return;
  verdict.reason += fmt::format("{} {} of {:.6g} {} is estimated, the limit is {:.6g} {}",
                                verdict.reason.empty() ? fmt::format("{}:", kRejectedReason) : ";", cost.name,
                                estimate / cost.in_unit, cost.unit, *limit / cost.in_unit, cost.unit);
}

}  // namespace

CostVerdict judge_cost(const CostEstimate& estimate, const CostLimits& limits) {
  CostVerdict verdict;
  judge(kMemory, static_cast<double>(estimate.memory_bytes), limits.memory_bytes, verdict);
  judge(kCompute, estimate.flops_per_epoch, limits.flops_per_epoch, verdict);
  return verdict;
}

}  // namespace tune
