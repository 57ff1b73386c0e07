#include <gtest/gtest.h>

#include <map>

#include "support/golden_data.hpp"
#include "tune/pruners/registry.hpp"

namespace tune {
namespace {

using nlohmann::json;

std::shared_ptr<const Pruner> build_pruner(const json& golden) {
  std::map<std::string, ParamValue, std::less<>> options;
  for (const auto& [name, value] : golden.at("args").items()) {
    if (value.is_number_integer()) {
      options.emplace(name, value.get<std::int64_t>());
    } else {
      options.emplace(name, value.get<double>());
    }
  }
  return make_pruner(golden.at("pruner").get<std::string>(), options);
}

/// Replays what happened to a study and compares the decision after each report.
class Replay {
 public:
  explicit Replay(const json& golden)
      : golden_(golden),
        pruner_(build_pruner(golden)),
        study_name_(golden.at("study_name").get<std::string>()),
        history_({testing::golden_direction(golden.at("direction").get<std::string>())}) {}

  void run() {
    for (const auto& event : golden_.at("events")) {
      const auto kind = event[0].get<std::string>();
      FrozenTrial& trial = trials_[event[1].get<std::int64_t>()];
      if (kind == "ask") {
        trial.number = TrialNumber{event[1].get<std::int64_t>()};
      } else if (kind == "tell") {
        tell(trial, event);
      } else {
        trial.intermediate.push_back({event[2].get<std::int64_t>(), testing::golden_number(event[3])});
        history_.add_report(trial.number, trial.intermediate.back());
      }
      if (kind == "report") {
        expect_decision(trial, event);
      } else if (kind != "report_dup") {
        history_.apply(trial);
      }
    }
  }

  [[nodiscard]] std::size_t n_decisions() const { return n_decisions_; }

 private:
  static void tell(FrozenTrial& trial, const json& event) {
    trial.state = trial_state_from_string(event[2].get<std::string>());
    if (!event[3].is_null()) {
      trial.values = {testing::golden_number(event[3])};
    }
  }

  void expect_decision(const FrozenTrial& trial, const json& event) {
    const PruneDecision decision = pruner_->decide(
        {.history = HistoryView(history_), .number = trial.number, .seed = 0, .study_name = study_name_});
    ASSERT_EQ(decision.prune, event[4].get<int>() == 1) << "study " << golden_.at("id") << " event " << event;
    EXPECT_EQ(decision.reason.has_value(), decision.prune);
    if (decision.reason) {
      EXPECT_GE(decision.reason->step, event[2].get<std::int64_t>());
    }
    ++n_decisions_;
  }

  const json& golden_;
  std::shared_ptr<const Pruner> pruner_;
  std::string study_name_;
  History history_;
  std::map<std::int64_t, FrozenTrial> trials_;
  std::size_t n_decisions_ = 0;
};

// Other kinds stand in the data too.
class PrunerGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(PrunerGolden, DecisionsMatchOptuna) {
  const json golden = testing::load_golden("pruners.json");
  std::size_t n_decisions = 0;
  for (const auto& study : golden.at("studies")) {
    if (study.at("pruner") != GetParam()) {
      continue;
    }
    Replay replay(study);
    replay.run();
    n_decisions += replay.n_decisions();
  }
  EXPECT_GT(n_decisions, 1000U);
}

INSTANTIATE_TEST_SUITE_P(Registered, PrunerGolden, ::testing::Values("median", "percentile"),
                         [](const auto& pruner) { return std::string(pruner.param); });

}  // namespace
}  // namespace tune
