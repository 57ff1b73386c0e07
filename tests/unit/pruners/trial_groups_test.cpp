#include <gtest/gtest.h>

#include <set>

#include "tune/pruners/pruner.hpp"
#include "tune/samplers/random.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

/// Divides the trials by the parity of their number, from the second trial on.
class ParityPruner final : public Pruner {
 public:
  [[nodiscard]] std::string_view name() const override { return "parity"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& /*context*/) const override { return {}; }
  void group_trials(const PruningContext& context, TrialGroups& groups) const override {
    if (context.history.size() < 2) return;
    while (groups.of_trial.size() < context.history.size()) {
      groups.of_trial.push_back(static_cast<std::uint32_t>(groups.of_trial.size() % 2));
    }
  }
};

/// Notes which COMPLETE trials each suggestion could learn from.
class WatchingSampler final : public Sampler {
 public:
  explicit WatchingSampler(std::vector<std::set<std::size_t>>& seen) : seen_(&seen) {}

  [[nodiscard]] std::string_view name() const override { return "watching"; }
  [[nodiscard]] double sample_independent(const SamplingContext& context, std::string_view /*name*/,
                                          const Distribution& distribution) const override {
    std::set<std::size_t> complete;
    for (std::size_t number = 0; number < context.history.size(); ++number) {
      if (context.history.state(number) == TrialState::kComplete) complete.insert(number);
    }
    seen_->push_back(std::move(complete));
    return clamp_to_domain(distribution, 0.5);
  }

 private:
  std::vector<std::set<std::size_t>>* seen_;
};

std::vector<std::set<std::size_t>> seen_with(std::shared_ptr<const Pruner> pruner) {
  std::vector<std::set<std::size_t>> seen;
  StudyOptions options;
  options.sampler = std::make_shared<WatchingSampler>(seen);
  options.pruner = std::move(pruner);
  Study study = create_study(std::move(options));
  study.optimize([](Trial& trial) { return trial.suggest_float("x", 0.0, 1.0); }, 5);
  return seen;
}

TEST(TrialGroups, ShowASamplerOnlyTheGroupOfTheTrialThatAsks) {
  EXPECT_EQ(seen_with(std::make_shared<ParityPruner>()),
            (std::vector<std::set<std::size_t>>{{}, {}, {0}, {1}, {0, 2}}));
}

TEST(TrialGroups, AreNoneUnlessThePrunerMakesThem) {
  EXPECT_EQ(seen_with(nullptr).back(), (std::set<std::size_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace tune
