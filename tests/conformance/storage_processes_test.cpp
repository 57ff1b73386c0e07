#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/storages/sqlite.hpp"

/// Several workers at one storage, and workers that die.
namespace tune::testing {
namespace {

constexpr std::int64_t kReports = 3;

void run_trial(Storage& storage, const Reservation& reservation) {
  const Claim& claim = reservation.claim;
  const double value = static_cast<double>(claim.number.value);
  storage.start(claim, std::vector{Param{"x", value, FloatDistribution{0.0, 1e6}}}, {});
  for (std::int64_t step = 0; step < kReports; ++step) {
    storage.report(claim, {step, value + static_cast<double>(step)}, {});
  }
  storage.tell(claim, {TrialState::kComplete, {value}, {}, {}});
}

/// Works until the study has `max_trials` finished trials.
void work(Storage& storage, StudyId study, std::int64_t max_trials,
          const std::function<void(std::int64_t)>& told) {
  for (;;) {
    const Reservation reservation = storage.reserve(study, this_process(), max_trials);
    if (reservation.status == ReserveStatus::kAllFinished) {
      return;
    }
    if (reservation.status == ReserveStatus::kOthersRunning) {
      std::this_thread::yield();
      continue;
    }
    run_trial(storage, reservation);
    told(reservation.claim.number.value);
  }
}

void expect_exactly(Storage& storage, StudyId study, std::int64_t n_trials, std::vector<std::int64_t> told) {
  std::sort(told.begin(), told.end());
  std::vector<std::int64_t> wanted;
  for (std::int64_t i = 0; i < n_trials; ++i) {
    wanted.push_back(i);
  }
  EXPECT_EQ(told, wanted) << "each trial once";
  const auto trials = all_trials(storage, study);
  ASSERT_EQ(static_cast<std::int64_t>(trials.size()), n_trials);
  for (const FrozenTrial& trial : trials) {
    EXPECT_EQ(trial.state, TrialState::kComplete);
    EXPECT_EQ(static_cast<std::int64_t>(trial.intermediate.size()), kReports);
    EXPECT_EQ(trial.values, std::vector{static_cast<double>(trial.number.value)});
  }
}

class ManyWorkers : public ::testing::TestWithParam<StorageKind> {};

INSTANTIATE_TEST_SUITE_P(Storages, ManyWorkers, ::testing::ValuesIn(storage_kinds()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(ManyWorkers, ShareOneStorageInThreads) {
  constexpr std::int64_t kTrials = 200;
  const TemporaryFolder folder;
  const auto storage = GetParam().open(folder.path());
  const StudyId study = make_study(*storage);
  (void)storage->enqueue(study, std::vector<NewTrial>(20));
  std::mutex mutex;
  std::vector<std::int64_t> told;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        work(*storage, study, kTrials, [&](std::int64_t number) {
          const std::scoped_lock lock(mutex);
          told.push_back(number);
        });
      });
    }
  }
  expect_exactly(*storage, study, kTrials, told);
}

class ManyProcesses : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "study.db";

  StudyId prepare(std::size_t n_enqueued) {
    const auto storage = open_sqlite_storage(path_);
    const StudyId study = make_study(*storage);
    (void)storage->enqueue(study, std::vector<NewTrial>(n_enqueued));
    return study;
  }
};

TEST_F(ManyProcesses, ShareOneFile) {
  constexpr std::int64_t kTrials = 1000;
  constexpr std::int64_t kEnqueued = 100;
  const StudyId study = prepare(kEnqueued);
  std::vector<std::int64_t> told;
  {
    std::vector<std::unique_ptr<Child>> children;
    for (int i = 0; i < 8; ++i) {
      children.push_back(std::make_unique<Child>([&](const Child::Send& send) {
        const auto storage = open_sqlite_storage(path_);
        work(*storage, study, kTrials, send);
      }));
    }
    for (const auto& child : children) {
      const auto numbers = child->receive_rest();
      told.insert(told.end(), numbers.begin(), numbers.end());
    }
    for (const auto& child : children) {
      EXPECT_EQ(child->wait(), 0);
    }
  }
  const auto storage = open_sqlite_storage(path_);
  expect_exactly(*storage, study, kTrials, told);
  for (const FrozenTrial& trial : all_trials(*storage, study)) {
    EXPECT_EQ(trial.system_attrs.contains("fixed_params"), trial.number.value < kEnqueued);
  }
}

TEST_F(ManyProcesses, CreateTheSameFileAtOnce) {
  std::vector<std::unique_ptr<Child>> children;
  for (std::int64_t i = 0; i < 6; ++i) {
    children.push_back(std::make_unique<Child>(
        [&, i](const Child::Send&) { make_study(*open_sqlite_storage(path_), "study " + std::to_string(i)); }));
  }
  for (const auto& child : children) {
    EXPECT_EQ(child->wait(), 0);
  }
  EXPECT_EQ(open_sqlite_storage(path_)->studies().size(), 6U);
}

TEST_F(ManyProcesses, LoseNoToldTrialWhenKilled) {
  const StudyId study = prepare(0);
  std::set<std::int64_t> told;
  for (std::int64_t n_before_kill : {1, 7, 2, 12, 4}) {
    Child child([&](const Child::Send& send) {
      const auto storage = open_sqlite_storage(path_);
      work(*storage, study, 1'000'000, send);
    });
    for (; n_before_kill > 0; --n_before_kill) {
      EXPECT_TRUE(told.insert(child.receive()).second) << "told twice";
    }
    child.kill_now();
    for (const std::int64_t number : child.receive_rest()) {
      EXPECT_TRUE(told.insert(number).second) << "told twice";
    }

    const auto storage = open_sqlite_storage(path_);
    const auto is_dead = [](const Holder& holder) { return liveness(holder.claim.owner) == Liveness::kDead; };
    (void)storage->requeue_dead(study, {is_dead});
    const auto trials = all_trials(*storage, study);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      EXPECT_EQ(trials[i].number.value, static_cast<std::int64_t>(i));
      EXPECT_NE(trials[i].state, TrialState::kRunning);
      if (told.contains(trials[i].number.value)) {
        EXPECT_EQ(trials[i].state, TrialState::kComplete);
        EXPECT_EQ(static_cast<std::int64_t>(trials[i].intermediate.size()), kReports);
      }
    }
    SQLite::Database database(path_, SQLite::OPEN_READONLY);
    EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
  }
}

TEST_F(ManyProcesses, AreToldApartByTheirOwnerMarks) {
  EXPECT_EQ(this_process(), this_process());
  EXPECT_EQ(liveness(this_process()), Liveness::kAlive);
  Owner other = this_process();
  other.host += "-not";
  EXPECT_EQ(liveness(other), Liveness::kUnknown);
  other = this_process();
  other.boot_id = "another boot";
  EXPECT_EQ(liveness(other), Liveness::kDead);
  other = this_process();
  ++other.pid_namespace;
  EXPECT_EQ(liveness(other), Liveness::kUnknown) << "a container of the same name";
  other = this_process();
  other.start_time = 0;
  EXPECT_EQ(liveness(other), Liveness::kUnknown) << "its start could not be read";
  other = this_process();
  ++other.start_time;
  EXPECT_EQ(liveness(other), Liveness::kDead) << "a pid used again";

  Child child([](const Child::Send& send) {
    send(static_cast<std::int64_t>(this_process().start_time));
    pause();
  });
  other = this_process();
  other.pid = -1;
  EXPECT_EQ(liveness(other), Liveness::kDead);
  EXPECT_GE(child.receive(), static_cast<std::int64_t>(this_process().start_time));
}

TEST_F(ManyProcesses, AreNotTakenForDeadWhenTheirFilesCannotBeOpened) {
  const Owner self = this_process();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  setrlimit(RLIMIT_NOFILE, &none);
  const Liveness found = liveness(self);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(found, Liveness::kUnknown);
}

}  // namespace
}  // namespace tune::testing
