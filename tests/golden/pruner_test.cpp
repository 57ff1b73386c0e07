#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support/golden_data.hpp"
#include "tune/pruners/brackets.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/pruners/signed_rank_rule.hpp"
#include "tune/samplers/random.hpp"
#include "tune/study.hpp"

namespace tune {
namespace {

using nlohmann::json;

/// The name here of a pruner in the data.
std::string pruner_name(const json& golden_name) {
  return golden_name == "sha" ? "successive_halving" : golden_name.get<std::string>();
}

/// {"type": …, options} as make_pruner_from_json reads it.
json pruner_json(const json& name, const json& arguments) {
  json pruner = {{"type", pruner_name(name)}};
  for (const auto& [option, value] : arguments.items()) {
    if (option != "wrapped") {
      pruner[option] = value;
    } else if (!value.is_null()) {
      pruner["wrapped_pruner"] = pruner_json(value.at("kind"), value.at("args"));
    }
  }
  return pruner;
}

Study open_study(const json& golden) {
  StudyOptions options;
  options.study_name = golden.at("study_name").get<std::string>();
  options.directions = {testing::golden_direction(golden.at("direction").get<std::string>())};
  options.sampler = std::make_shared<RandomSampler>();
  options.pruner = make_pruner_from_json(pruner_json(golden.at("pruner"), golden.at("args")).dump());
  return create_study(std::move(options));
}

/// Lets what happened to a study happen again and compares each word of the pruner.
class Replay {
 public:
  explicit Replay(const json& golden) : golden_(golden), study_(open_study(golden)) {}

  void run() {
    for (const auto& event : golden_.at("events")) {
      const auto kind = event[0].get<std::string>();
      const auto number = event[1].get<std::int64_t>();
      if (kind == "ask") {
        trials_.emplace(number, study_.ask());
        ASSERT_EQ(trials_.at(number).number().value, number);
      } else if (kind == "tell") {
        tell(std::move(trials_.at(number)), event);
        trials_.erase(number);
      } else {
        trials_.at(number).report(testing::golden_number(event[3]), event[2].get<std::int64_t>());
      }
      if (kind == "report") {
        ASSERT_EQ(trials_.at(number).should_prune(), event[4].get<int>() == 1)
            << golden_.at("study_name") << " event " << event;
        ++n_decisions_;
      }
    }
  }

  [[nodiscard]] std::size_t n_decisions() const { return n_decisions_; }
  [[nodiscard]] std::vector<FrozenTrial> trials() const { return study_.trials(); }

 private:
  void tell(Trial trial, const json& event) {
    const TrialState state = trial_state_from_string(event[2].get<std::string>());
    if (state == TrialState::kComplete) {
      (void)study_.tell(std::move(trial), testing::golden_number(event[3]));
      return;
    }
    const FrozenTrial ended = study_.tell(std::move(trial), state);
    EXPECT_EQ(ended.values.empty(), event[3].is_null()) << event;
  }

  const json& golden_;
  Study study_;
  std::map<std::int64_t, Trial> trials_;
  std::size_t n_decisions_ = 0;
};

std::vector<json> golden_studies(const std::string& pruner) {
  const json golden = testing::load_golden("pruners.json");
  std::vector<json> studies;
  for (const auto& study : golden.at("studies")) {
    if (pruner_name(study.at("pruner")) == pruner) {
      studies.push_back(study);
    }
  }
  return studies;
}

class PrunerGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(PrunerGolden, DecisionsMatchOptuna) {
  std::size_t n_decisions = 0;
  for (const json& golden : golden_studies(GetParam())) {
    Replay replay(golden);
    replay.run();
    n_decisions += replay.n_decisions();
  }
  EXPECT_GT(n_decisions, 400U);
}

INSTANTIATE_TEST_SUITE_P(Registered, PrunerGolden,
                         ::testing::Values("median", "percentile", "successive_halving", "hyperband", "patient",
                                           "threshold", "wilcoxon"),
                         [](const auto& pruner) { return std::string(pruner.param); });

/// [[trial, [[rung, value], …]], …], as in the data.
json rungs_of(const std::vector<FrozenTrial>& trials) {
  json all = json::array();
  for (const FrozenTrial& trial : trials) {
    json rungs = json::array();
    for (int rung = 0; trial.system_attrs.contains("completed_rung_" + std::to_string(rung)); ++rung) {
      const std::string& text = trial.system_attrs.at("completed_rung_" + std::to_string(rung));
      rungs.push_back({rung, json::accept(text) ? json::parse(text) : json(text)});
    }
    all.push_back({trial.number.value, rungs});
  }
  return all;
}

/// What the first trial that has the attribute keeps there.
std::int64_t kept(const std::vector<FrozenTrial>& trials, const std::string& key) {
  for (const FrozenTrial& trial : trials) {
    if (const auto found = trial.system_attrs.find(key); found != trial.system_attrs.end()) {
      return std::stoll(found->second);
    }
  }
  return 0;
}

TEST(PrunerGolden, RungsAndResourcesOfSuccessiveHalvingMatchOptuna) {
  for (const json& golden : golden_studies("successive_halving")) {
    Replay replay(golden);
    replay.run();
    EXPECT_EQ(rungs_of(replay.trials()), golden.at("completed_rungs")) << golden.at("study_name");
    if (golden.at("args").at("min_resource") == "auto") {
      EXPECT_EQ(kept(replay.trials(), "tune:min_resource"), golden.at("min_resource_resolved"));
    }
  }
}

TEST(PrunerGolden, RungsBracketsAndResourcesOfHyperbandMatchOptuna) {
  for (const json& golden : golden_studies("hyperband")) {
    Replay replay(golden);
    replay.run();
    EXPECT_EQ(rungs_of(replay.trials()), golden.at("completed_rungs")) << golden.at("study_name");
    if (golden.at("args").at("max_resource") == "auto") {
      EXPECT_EQ(kept(replay.trials(), "tune:max_resource"), golden.at("max_resource"));
    }
    const pruners::Brackets brackets(golden.at("args").at("min_resource"), golden.at("max_resource"),
                                     golden.at("args").at("reduction_factor"));
    EXPECT_EQ(json(brackets.budgets()), golden.at("budgets"));
    for (const auto& [number, bracket] :
         golden.at("brackets").get<std::vector<std::pair<int, std::uint32_t>>>()) {
      EXPECT_EQ(brackets.bracket_of(golden.at("study_name").get<std::string>(), number), bracket);
    }
  }
}

TEST(PrunerGolden, BracketsOfHyperbandMatchOptunaForEveryStudyName) {
  const json golden = testing::load_golden("hyperband_brackets.json");
  ASSERT_GE(golden.at("cases").size(), 20U);
  for (const auto& one : golden.at("cases")) {
    const pruners::Brackets brackets(one.at("min_resource"), one.at("max_resource"),
                                     one.at("reduction_factor"));
    EXPECT_EQ(json(brackets.budgets()), one.at("budgets")) << one;
    std::vector<std::uint32_t> ids;
    while (ids.size() < one.at("ids").size()) {
      ids.push_back(
          brackets.bracket_of(one.at("study_name").get<std::string>(), static_cast<std::int64_t>(ids.size())));
    }
    EXPECT_EQ(json(ids), one.at("ids")) << one;
  }
}

/// Holds the p-value after each report of a Wilcoxon study against the one in the data.
std::size_t compare_p_values(const json& golden) {
  History history({testing::golden_direction(golden.at("direction").get<std::string>())});
  std::map<std::int64_t, FrozenTrial> trials;
  std::size_t n_compared = 0;
  for (const auto& event : golden.at("events")) {
    FrozenTrial& trial = trials[event[1].get<std::int64_t>()];
    trial.number = TrialNumber{event[1].get<std::int64_t>()};
    if (event[0] == "tell") {
      trial.state = trial_state_from_string(event[2].get<std::string>());
      trial.values = {event[3].is_null() ? 0.0 : testing::golden_number(event[3])};
    } else if (event[0] == "report") {
      trial.intermediate.push_back({event[2].get<std::int64_t>(), testing::golden_number(event[3])});
    }
    history.apply(trial);
    if (event[0] == "report" && !event[5].is_null()) {
      const auto found = pruners::compare_with_best(
          {.history = HistoryView(history), .number = trial.number, .seed = 0, .study_name = ""},
          golden.at("args").at("n_startup_steps").get<std::int64_t>());
      const double expected = testing::golden_number(event[5]);
      EXPECT_NEAR(found.value().p_value, expected, 1e-12 * expected) << event;
      ++n_compared;
    }
  }
  return n_compared;
}

TEST(PrunerGolden, PValuesOfTheSignedRankTestMatchScipy) {
  std::size_t n_compared = 0;
  for (const json& golden : golden_studies("wilcoxon")) {
    n_compared += compare_p_values(golden);
  }
  EXPECT_GT(n_compared, 1000U);
}

}  // namespace
}  // namespace tune
