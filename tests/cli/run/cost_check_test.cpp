#include "cli/run/cost_check.hpp"

#include <gtest/gtest.h>

#include "cli/run/known_objectives.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

/// Takes a MiB and 1 GFLOP an epoch for each unit of each layer.
class Toy final : public tune::Objective {
 public:
  tune::TrialResult run(tune::TrialContext&) override { return {}; }
  [[nodiscard]] tune::CostEstimate estimate(const tune::ParamValues& params) const override {
    const auto width = std::get<std::int64_t>(params.at("width"));
    if (width > 50) throw tune::InvalidArgument("width: at most 50");
    const auto units = static_cast<std::uint64_t>(width * std::get<std::int64_t>(params.at("depth")));
    return {.parameters = 1, .memory_bytes = units << 20U, .flops_per_epoch = 1e9 * static_cast<double>(units)};
  }
};

tune::AffordableCheck check_under(const std::string& limits, const tune::Objective& objective) {
  const auto config = parse_study_text(R"({"name": "s", "objective": {"type": "fmnist"}, "fixed": {"depth": 2},
    "objectives": [{"metric": "validation_accuracy", "direction": "maximize"}],
    "space": {"width": {"type": "int", "low": 10, "high": 60}}, "limits": )" +
                                           limits + "}",
                                       "s.json", known_manifests());
  return cost_check(config, manifest_of(known_manifests(), "fmnist").parameters, objective);
}

tune::ParamValues width(std::int64_t units) {
  return {{"width", units}};
}

TEST(CostCheck, HoldsTheEstimateOfAllParametersAgainstEachLimit) {
  const Toy objective;
  for (const char* limits : {R"({"max_trial_memory_mib": 40})", R"({"max_epoch_gflops": 40})"}) {
    const auto is_affordable = check_under(limits, objective);
    EXPECT_TRUE(is_affordable(width(20))) << limits;
    EXPECT_FALSE(is_affordable(width(21))) << limits;
  }
}

TEST(CostCheck, IsNoneWithoutLimitsOnCost) {
  EXPECT_FALSE(check_under(R"({"max_trial_seconds": 40})", Toy()));
}

TEST(CostCheck, LetsATrialRunThatTheObjectiveCannotEstimate) {
  const Toy objective;
  EXPECT_TRUE(check_under(R"({"max_trial_memory_mib": 40})", objective)(width(51)));
}

}  // namespace
}  // namespace fmnist_tune
