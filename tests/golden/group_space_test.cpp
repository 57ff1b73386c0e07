#include "tune/samplers/group_space.hpp"

#include <gtest/gtest.h>

#include "support/golden_data.hpp"
#include "tune/samplers/tpe_steps.hpp"
#include "tune/samplers/trial_split.hpp"

namespace tune::samplers {
namespace {

using nlohmann::json;
using testing::golden_distribution;

FrozenTrial read_trial(const json& golden) {
  FrozenTrial trial;
  trial.number = TrialNumber{golden.at("number").get<std::int64_t>()};
  trial.state = trial_state_from_string(golden.at("state").get<std::string>());
  if (golden.at("values").is_array()) trial.values = testing::golden_numbers(golden.at("values"));
  for (const auto& report : golden.at("intermediate")) {
    trial.intermediate.push_back({report[0].get<std::int64_t>(), testing::golden_number(report[1])});
  }
  for (const auto& param : golden.at("params")) {
    trial.params.push_back(
        {param.at("name").get<std::string>(), param.at("value").get<double>(), golden_distribution(param)});
  }
  if (golden.contains("announced")) {
    trial.system_attrs["tpe:relative_params:0"] = json(golden.at("announced").dump()).dump();
  }
  return trial;
}

class GroupCase {
 public:
  explicit GroupCase(const json& golden) : history_(directions_of(golden)) {
    std::vector<std::size_t> learned;
    for (const auto& item : golden.at("trials")) {
      const FrozenTrial trial = read_trial(item);
      history_.apply(trial);
      if (trial.state != TrialState::kFail && trial.state != TrialState::kWaiting) {
        learned.push_back(static_cast<std::size_t>(trial.number.value));
      }
    }
    split_ = split_trials(HistoryView(history_), learned, golden.at("n_below").get<std::size_t>());
  }

  [[nodiscard]] std::vector<std::vector<CommonParameter>> groups() const {
    return group_decomposed_space(HistoryView(history_), scored_trials(HistoryView(history_)));
  }
  [[nodiscard]] const TrialSplit& split() const { return split_; }
  [[nodiscard]] json observed(const std::vector<CommonParameter>& group,
                              const std::vector<std::size_t>& trials) const {
    std::vector<TpeParameter> space;
    for (const auto& parameter : group) {
      space.push_back({parameter.column->name, parameter.distribution, parameter.column});
    }
    const auto columns = gather_observations(HistoryView(history_), space, trials, true);
    json values;
    for (std::size_t d = 0; d < group.size(); ++d) values[group[d].column->name] = columns[d];
    return values;
  }

 private:
  static std::vector<Direction> directions_of(const json& golden) {
    std::vector<Direction> directions;
    for (const auto& direction : golden.at("directions")) {
      directions.push_back(testing::golden_direction(direction.get<std::string>()));
    }
    return directions;
  }

  History history_;
  TrialSplit split_;
};

TEST(GroupSpaceGolden, GroupsAndTheirObservationsMatchOptuna) {
  std::size_t n_groups = 0;
  const json golden = testing::load_golden("groups.json");
  for (const auto& study : golden.at("studies")) {
    const ::testing::ScopedTrace trace(__FILE__, __LINE__, "study " + study.at("study").dump());
    const GroupCase history(study);
    const auto groups = history.groups();
    ASSERT_EQ(groups.size(), study.at("groups").size());
    for (std::size_t i = 0; i < groups.size(); ++i, ++n_groups) {
      const json& expected = study.at("groups")[i];
      std::vector<std::string> names;
      for (std::size_t d = 0; d < groups[i].size(); ++d) {
        names.push_back(groups[i][d].column->name);
        EXPECT_EQ(*groups[i][d].distribution, golden_distribution(expected.at("distributions")[d]))
            << names.back();
      }
      EXPECT_EQ(names, expected.at("names").get<std::vector<std::string>>());
      EXPECT_EQ(history.observed(groups[i], history.split().below), expected.at("below"));
      EXPECT_EQ(history.observed(groups[i], history.split().above), expected.at("above"));
    }
  }
  EXPECT_EQ(n_groups, 56U);
}

}  // namespace
}  // namespace tune::samplers
