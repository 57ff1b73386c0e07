#include "tune/samplers/trial_split.hpp"

#include <gtest/gtest.h>

#include <map>

#include "support/golden_data.hpp"

namespace tune::samplers {
namespace {

using nlohmann::json;

FrozenTrial read_trial(const json& golden) {
  FrozenTrial trial;
  trial.number = TrialNumber{golden.at("number").get<std::int64_t>()};
  trial.state = trial_state_from_string(golden.at("state").get<std::string>());
  if (golden.at("values").is_array()) {
    trial.values = testing::golden_numbers(golden.at("values"));
  }
  for (const auto& report : golden.at("intermediate")) {
    trial.intermediate.push_back({report[0].get<std::int64_t>(), testing::golden_number(report[1])});
  }
  for (const auto& [name, value] : golden.at("constraints").items()) {
    trial.system_attrs.emplace(std::string(kConstraintsKey) + ":" + name, value.dump());
  }
  return trial;
}

struct Study {
  History history;
  std::vector<std::size_t> trials;
  std::size_t n_finished = 0;
};

Study read_study(const json& golden) {
  std::vector<Direction> directions;
  for (const auto& direction : golden.at("directions")) {
    directions.push_back(testing::golden_direction(direction.get<std::string>()));
  }
  Study study{History(directions), {}};
  for (const auto& item : golden.at("trials")) {
    const FrozenTrial trial = read_trial(item);
    study.history.apply(trial);
    study.trials.push_back(static_cast<std::size_t>(trial.number.value));
    study.n_finished += trial.state == TrialState::kRunning ? 0 : 1;
  }
  return study;
}

std::map<std::int64_t, Study> read_studies(const json& golden) {
  std::map<std::int64_t, Study> studies;
  for (const auto& study : golden.at("studies")) {
    studies.emplace(study.at("study").get<std::int64_t>(), read_study(study));
  }
  return studies;
}

TEST(TrialSplitGolden, BelowAndAboveMatchOptuna) {
  const json golden = testing::load_golden("split.json");
  const auto studies = read_studies(golden);
  std::size_t n_checked = 0;
  for (const auto& item : golden.at("cases")) {
    const Study& study = studies.at(item.at("study").get<std::int64_t>());
    const TrialSplit split =
        split_trials(HistoryView(study.history), study.trials, item.at("n_below").get<std::size_t>());
    EXPECT_EQ(split.below, item.at("below").get<std::vector<std::size_t>>()) << "case " << item.at("id");
    EXPECT_EQ(split.above, item.at("above").get<std::vector<std::size_t>>()) << "case " << item.at("id");
    ++n_checked;
  }
  EXPECT_EQ(n_checked, 168U);
}

TEST(TrialSplitGolden, GammaMatchesOptuna) {
  const json golden = testing::load_golden("split.json");
  for (std::size_t n = 0; n < golden.at("gamma_default").size(); ++n) {
    EXPECT_EQ(default_gamma(n, 1), golden.at("gamma_default")[n].get<std::size_t>()) << n;
    EXPECT_EQ(default_gamma(n, 2), golden.at("gamma_multiobjective")[n].get<std::size_t>()) << n;
  }
  const auto studies = read_studies(golden);
  for (const auto& item : golden.at("studies")) {
    const Study& study = studies.at(item.at("study").get<std::int64_t>());
    EXPECT_EQ(default_gamma(study.n_finished, study.history.directions().size()),
              item.at("gamma_default").get<std::size_t>());
  }
}

}  // namespace
}  // namespace tune::samplers
