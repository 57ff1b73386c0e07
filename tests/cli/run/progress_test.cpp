#include "cli/run/progress.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

class ProgressTest : public ::testing::Test {
 protected:
  ProgressTest() {
    log_->set_pattern("%l %v");
    tally_.n_trials = 9;
    progress_.begin([this] { return look(); });
  }

  StudyTally look() const {
    if (broken_) throw tune::StorageBusy("busy");
    return tally_;
  }
  std::string lines() {
    std::string text = lines_.str();
    lines_.str("");
    return text;
  }

  static tune::FrozenTrial trial(tune::TrialState state, const std::string& key, const std::string& json) {
    tune::FrozenTrial trial;
    trial.number = tune::TrialNumber{4};
    trial.state = state;
    if (!key.empty()) trial.system_attrs[key] = json;
    return trial;
  }

  std::ostringstream lines_;
  std::shared_ptr<spdlog::logger> log_ =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_));
  Screen screen_;
  StudyTally tally_;
  bool broken_ = false;
  Progress progress_{screen_, {log_, log_}, false};
};

TEST_F(ProgressTest, TellsWhyATrialHasNoValue) {
  progress_.on_finish(trial(tune::TrialState::kPruned, "tune:reason", "\"diverged in epoch 2\""), {});
  EXPECT_NE(lines().find("info trial 4 PRUNED (diverged in epoch 2); 0 of 9 finished"), std::string::npos);
  progress_.on_finish(trial(tune::TrialState::kPruned, "tune:prune",
                            R"({"value": "NaN", "threshold": "NaN", "step": 3, "n": 0})"),
                      {});
  EXPECT_NE(lines().find("info trial 4 PRUNED (NaN at step 3); "), std::string::npos);
  progress_.on_finish(trial(tune::TrialState::kFail, "tune:reason", "\"out of memory\""), {});
  EXPECT_NE(lines().find("warning trial 4 failed: out of memory\n"), std::string::npos);
}

TEST_F(ProgressTest, TellsTheValueOfEveryObjective) {
  auto complete = trial(tune::TrialState::kComplete, "", "");
  complete.values = {0.875, 12.5};
  progress_.on_finish(complete, {});
  EXPECT_NE(lines().find("info trial 4 COMPLETE 0.875, 12.5; 0 of 9 finished; "), std::string::npos);
}

TEST_F(ProgressTest, ShowsTheCountsOfTheStudyAndNotItsOwn) {
  tally_.n_complete = 5;
  tally_.n_pruned = 2;
  tally_.best_value = 0.5;
  tally_.best_number = 3;
  progress_.on_finish(trial(tune::TrialState::kComplete, "", ""), {});
  EXPECT_NE(lines().find("; 7 of 9 finished, best 0.5 (trial 3); "), std::string::npos);
}

TEST_F(ProgressTest, GoesOnWithWhatItKnowsWhenTheStorageCannotBeAsked) {
  broken_ = true;
  progress_.on_finish(trial(tune::TrialState::kComplete, "", ""), {});
  EXPECT_NE(lines().find("; 0 of 9 finished; "), std::string::npos);
}

TEST_F(ProgressTest, TellsATrialThatWasLostFromOneThatGoesBackIntoTheQueue) {
  progress_.on_requeue(tune::TrialNumber{4}, "interrupted");
  EXPECT_EQ(lines(), "info trial 4 goes back into the queue: interrupted\n");
  progress_.on_lost(tune::TrialNumber{4}, "stale");
  const std::string text = lines();
  EXPECT_NE(text.find("another process"), std::string::npos);
  EXPECT_EQ(text.find("queue"), std::string::npos);
}

}  // namespace
}  // namespace fmnist_tune
