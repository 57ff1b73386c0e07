#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/sqlite_file.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"

/// No room: a real process whose files may not grow any more.
namespace tune::testing {
namespace {

constexpr std::int64_t kNoRoom = -100;
constexpr rlim_t kRoomBytes = 400'000;

void let_files_grow_to(rlim_t bytes) {
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = std::min(bytes, limit.rlim_max);
  setrlimit(RLIMIT_FSIZE, &limit);
}

void run_trial(Storage& storage, StudyId study, const Child::Send& told) {
  const Claim claim = take(storage, study).claim;
  storage.set_trial_attributes(claim, AttributeKind::kUser, {{"much", "\"" + std::string(9000, 'm') + "\""}});
  storage.tell(claim, {TrialState::kComplete, {1.0}, {}, {}});
  told(claim.number.value);
}

void run_until_full(const fs::path& path, StudyId study, const Child::Send& send) {
  std::signal(SIGXFSZ, SIG_IGN);
  const auto storage = open_sqlite_storage(path);
  let_files_grow_to(kRoomBytes);
  try {
    for (;;) {
      run_trial(*storage, study, send);
    }
  } catch (const StorageError& error) {
    const std::string text = error.what();
    send(text.find(path.string()) != std::string::npos && text.find("check the disk") != std::string::npos
             ? kNoRoom
             : -2);
  }
  let_files_grow_to(RLIM_INFINITY);
  run_trial(*storage, study, send);
}

TEST(NoRoom, IsToldLosesNothingAndEndsWithTheNextCallThatHasRoom) {
  const TemporaryFolder folder;
  const fs::path path = folder / "study.db";
  const StudyId study = make_study(*open_sqlite_storage(path));
  Child child([&](const Child::Send& send) { run_until_full(path, study, send); });
  std::vector<std::int64_t> sent = child.receive_rest();
  EXPECT_EQ(child.wait(), 0);
  ASSERT_GE(sent.size(), 5U);
  EXPECT_EQ(sent.at(sent.size() - 2), kNoRoom);
  const auto storage = open_sqlite_storage(path);
  const auto trials = all_trials(*storage, study);
  for (const std::int64_t number : sent) {
    if (number != kNoRoom) {
      EXPECT_EQ(trials.at(static_cast<std::size_t>(number)).state, TrialState::kComplete) << number;
    }
  }
  EXPECT_EQ(rows_of(path, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

}  // namespace
}  // namespace tune::testing
