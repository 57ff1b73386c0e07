#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "support/child.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// POSIX drops all locks of a process on a file when it closes any descriptor of that file.
namespace tune::testing {
namespace {

/// How many ranges of the file `owner` keeps locked, as the process that asks sees them.
int ranges_locked_by(pid_t owner, const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR);
  if (file < 0) {
    throw std::runtime_error("cannot open " + path.string());
  }
  int n = 0;
  off_t start = 0;
  for (;;) {
    struct flock first {};
    first.l_type = F_WRLCK;
    first.l_whence = SEEK_SET;
    first.l_start = start;
    if (fcntl(file, F_GETLK, &first) != 0) {
      throw std::runtime_error("the locks of " + path.string() + " cannot be asked for");
    }
    const bool locked = first.l_type != F_UNLCK;
    n += locked && first.l_pid == owner ? 1 : 0;
    if (!locked || first.l_len == 0) {
      break;
    }
    start = first.l_start + first.l_len;
  }
  close(file);
  return n;
}

class Locks : public ::testing::Test {
 protected:
  /// Ranges of the file that this process keeps locked, as another process sees them. /proc/locks does not do:
  /// it is read piece by piece, and leaves lines out while other processes lock and unlock.
  std::int64_t count() const {
    Child other([this, owner = getpid()](const Child::Send& send) { send(ranges_locked_by(owner, path_)); });
    return other.receive();
  }
  std::shared_ptr<Storage> open() const { return open_sqlite_storage(path_); }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "study.db";
};

TEST_F(Locks, StayWhenAReaderOfTheSameFileComesAndGoes) {
  const auto storage = open();
  make_study(*storage);
  const std::int64_t before = count();
  ASSERT_GT(before, 0);
  {
    SqliteReader reader(path_);
    EXPECT_EQ(reader.study_records().size(), 1U);
    EXPECT_EQ(count(), before);
  }
  EXPECT_EQ(count(), before);
}

TEST_F(Locks, StayWhenASecondStorageOfTheSameFileComesAndGoes) {
  const auto storage = open();
  make_study(*storage);
  const std::int64_t before = count();
  ASSERT_GT(before, 0);
  {
    const auto second = open();
    EXPECT_EQ(second->studies().size(), 1U);
    EXPECT_EQ(count(), before);
  }
  EXPECT_EQ(count(), before);
}

TEST_F(Locks, KeepAnotherProcessFromTakingTheLogAway) {
  const StudyId study = make_study(*open());
  Child writer([&](const Child::Send& send) {
    const auto storage = open();
    for (;;) {
      const Claim claim = take(*storage, study).claim;
      storage->tell(claim, {TrialState::kComplete, {0.0}, {}, {}});
      send(claim.number.value);
      (void)SqliteReader(path_).study_records();
    }
  });
  std::int64_t last = -1;
  for (int i = 0; i < 3; ++i) {
    last = writer.receive();
  }
  Child([&](const Child::Send&) { (void)open()->studies(); }).wait();
  for (int i = 0; i < 5; ++i) {
    last = writer.receive();
  }
  writer.kill_now();
  for (const std::int64_t number : writer.receive_rest()) {
    last = number;
  }
  ASSERT_GE(last, 7);
  const auto storage = open();
  const auto trials = all_trials(*storage, study);
  ASSERT_GT(static_cast<std::int64_t>(trials.size()), last);
  for (std::int64_t number = 0; number <= last; ++number) {
    EXPECT_EQ(trials.at(static_cast<std::size_t>(number)).state, TrialState::kComplete) << number;
  }
}

}  // namespace
}  // namespace tune::testing
