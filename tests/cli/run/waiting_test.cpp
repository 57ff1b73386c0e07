#include "cli/run/waiting.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "cli/run/progress.hpp"
#include "tune/storages/claims.hpp"

namespace fmnist_tune {
namespace {

tune::FrozenTrial running(std::int64_t number, const std::string& mark) {
  tune::FrozenTrial trial;
  trial.number = tune::TrialNumber{number};
  trial.state = tune::TrialState::kRunning;
  if (!mark.empty()) trial.system_attrs["tune:owner"] = mark;
  return trial;
}

std::string mark_of(const tune::Owner& owner) {
  return tune::storages::to_json({owner, 1});
}

tune::Owner on_another_host() {
  return {"machine-b", "7f0c", 4711, 12345, 4026531836};
}

const tune::TakeoverRules kRules;

TEST(AwaitedTrials, ATrialOfAnotherHostComesWithItsLease) {
  const auto awaited = awaited_trials({running(5, mark_of(on_another_host()))}, tune::this_process(), kRules);
  ASSERT_EQ(awaited.size(), 1U);
  EXPECT_EQ(awaited[0].number, tune::TrialNumber{5});
  EXPECT_TRUE(awaited[0].may_be_gone);
  EXPECT_EQ(
      awaited[0].text,
      "waiting for trial 5, which process 4711 on host machine-b runs; whether it still runs cannot be told "
      "from here, so the trial is taken over when nothing has been heard of it for 60 s");
}

TEST(AwaitedTrials, AProcessThatRunsOnThisHostNeedsNoLease) {
  tune::Owner other = tune::this_process();
  // Not this process for whoever compares all fields, and one that runs for whoever looks at the pid.
  const auto awaited = awaited_trials({running(2, mark_of(other))}, on_another_host(), kRules);
  ASSERT_EQ(awaited.size(), 1U);
  EXPECT_FALSE(awaited[0].may_be_gone);
  EXPECT_EQ(awaited[0].text.find("taken over"), std::string::npos);
}

TEST(AwaitedTrials, AreNotThoseOfThisProcessOfADeadOneOrOfNobody) {
  tune::Owner dead = tune::this_process();
  dead.boot_id = "another-boot";
  auto finished = running(3, mark_of(on_another_host()));
  finished.state = tune::TrialState::kComplete;
  EXPECT_TRUE(awaited_trials({running(0, mark_of(tune::this_process())), running(1, mark_of(dead)),
                              running(2, ""), finished},
                             tune::this_process(), kRules)
                  .empty());
}

TEST(AwaitedTrials, ATrialWithoutAnOwnerKeepsNobodyWaiting) {
  EXPECT_TRUE(awaited_trials({running(4, "\"?\""), running(5, R"({"epoch": 2})")}, tune::this_process(), kRules)
                  .empty());
}

TEST(TakeoverText, NamesTrialsThatWereGivenUp) {
  EXPECT_EQ(takeover_text({{{1}, {4}}, {}}), "2 trial(s) of a process that ended are back in the queue");
  EXPECT_EQ(takeover_text({{}, {{7}}}),
            "trial 7 is FAIL: process after process that ran it ended without a word");
}

TEST(Progress, NamesEachAwaitedTrialOnce) {
  std::ostringstream lines;
  auto log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
  log->set_pattern("%l %v");
  Screen screen;
  Progress progress(screen, {log, log}, true);
  std::vector<AwaitedTrial> awaited = {{tune::TrialNumber{1}, true, "first"}};
  progress.on_wait(1);
  progress.begin({}, [&] { return awaited; });
  progress.on_wait(1);
  progress.on_wait(1);
  awaited.push_back({tune::TrialNumber{2}, false, "second"});
  progress.on_wait(2);
  EXPECT_EQ(lines.str(), "warning first\ninfo second\n");
}

}  // namespace
}  // namespace fmnist_tune
