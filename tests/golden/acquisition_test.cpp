#include <gtest/gtest.h>

#include "support/golden_data.hpp"
#include "tune/samplers/tpe_steps.hpp"
#include "tune/samplers/trial_split.hpp"

namespace tune::samplers {
namespace {

using nlohmann::json;
using testing::close;
using testing::golden_numbers;

/// One study and one space, with the steps of a suggestion carried out up to the scores.
class AcquisitionCase {
 public:
  explicit AcquisitionCase(const json& golden)
      : history_({testing::golden_direction(golden.at("direction").get<std::string>())}) {
    for (const auto& parameter : golden.at("space")) {
      names_.push_back(parameter.at("name").get<std::string>());
      distributions_.push_back(testing::golden_distribution(parameter));
    }
    for (const auto& trial : golden.at("trials")) {
      add_trial(trial);
    }
    split_ = split_trials(HistoryView(history_), trials_, golden.at("n_below").get<std::size_t>());
    for (std::size_t d = 0; d < names_.size(); ++d) {
      space_.push_back({names_[d], &distributions_[d], history_.column(names_[d])});
      points_.push_back(golden_numbers(golden.at("points").at(names_[d])));
    }
  }

  [[nodiscard]] const TrialSplit& split() const { return split_; }
  [[nodiscard]] const ParzenEstimator::Columns& points() const { return points_; }
  [[nodiscard]] ParzenEstimator::Columns observations(const std::vector<std::size_t>& trials) const {
    return gather_observations(HistoryView(history_), space_, trials, true);
  }
  [[nodiscard]] ParzenEstimator fit(const std::vector<std::size_t>& trials) const {
    std::vector<const Distribution*> space;
    for (const Distribution& distribution : distributions_) {
      space.push_back(&distribution);
    }
    return ParzenEstimator(space, observations(trials));
  }

 private:
  void add_trial(const json& golden) {
    FrozenTrial trial;
    trial.number = TrialNumber{golden.at("number").get<std::int64_t>()};
    trial.state = trial_state_from_string(golden.at("state").get<std::string>());
    if (golden.contains("value") && !golden.at("value").is_null()) {
      trial.values = {testing::golden_number(golden.at("value"))};
    }
    for (const auto& report : golden.at("intermediate")) {
      trial.intermediate.push_back({report[0].get<std::int64_t>(), testing::golden_number(report[1])});
    }
    for (std::size_t d = 0; d < names_.size(); ++d) {
      if (golden.at("params").contains(names_[d])) {
        trial.params.push_back({names_[d], golden.at("params").at(names_[d]).get<double>(), distributions_[d]});
      }
    }
    trials_.push_back(static_cast<std::size_t>(trial.number.value));
    history_.apply(trial);
  }

  History history_;
  std::vector<std::string> names_;
  std::vector<Distribution> distributions_;
  std::vector<std::size_t> trials_;
  std::vector<TpeParameter> space_;
  ParzenEstimator::Columns points_;
  TrialSplit split_;
};

TEST(AcquisitionGolden, TheSplitAndWhatIsLeftOfItMatchOptuna) {
  const json data = testing::load_golden("acquisition.json");
  for (const json& golden : data.at("cases")) {
    const AcquisitionCase study(golden);
    EXPECT_EQ(study.split().below, golden.at("below").get<std::vector<std::size_t>>()) << golden.at("id");
    EXPECT_EQ(study.observations(study.split().below).front().size(),
              golden.at("n_below_obs").get<std::size_t>())
        << golden.at("id");
  }
}

TEST(AcquisitionGolden, ScoresMatchOptuna) {
  const json data = testing::load_golden("acquisition.json");
  for (const json& golden : data.at("cases")) {
    const AcquisitionCase study(golden);
    const ParzenEstimator below = study.fit(study.split().below);
    const ParzenEstimator above = study.fit(study.split().above);
    const auto log_l = below.log_density(study.points());
    const auto log_g = above.log_density(study.points());
    const auto scores = acquisition(below.density(), above.density(), study.points());
    const json& expected = golden.at("stable_sort");
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const std::string what = "case " + golden.at("id").dump() + " point " + std::to_string(i);
      EXPECT_TRUE(close(log_l[i], testing::golden_number(expected.at("log_l")[i]), 1e-9)) << what;
      EXPECT_TRUE(close(log_g[i], testing::golden_number(expected.at("log_g")[i]), 1e-9)) << what;
      EXPECT_TRUE(close(scores[i], testing::golden_number(expected.at("acq")[i]), 1e-9)) << what;
    }
    EXPECT_EQ(first_best(scores), expected.at("argmax").get<std::size_t>()) << golden.at("id");
  }
}

}  // namespace
}  // namespace tune::samplers
