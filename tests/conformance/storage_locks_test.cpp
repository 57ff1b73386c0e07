#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "support/child.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// POSIX drops all locks of a process on a file when it closes any descriptor of that file.
namespace tune::testing {
namespace {

class Locks : public ::testing::Test {
 protected:
  /// Locks of this process on the file itself, not on the files beside it.
  int count() const {
    struct stat facts {};
    if (stat(path_.c_str(), &facts) != 0) {
      throw std::runtime_error("the file is not there");
    }
    const std::string process = " " + std::to_string(getpid()) + " ";
    const std::string inode = ":" + std::to_string(facts.st_ino) + " ";
    std::ifstream table("/proc/locks");
    int n = 0;
    for (std::string line; std::getline(table, line);) {
      n += line.find(process) != std::string::npos && line.find(inode) != std::string::npos ? 1 : 0;
    }
    return n;
  }
  std::shared_ptr<Storage> open() const { return open_sqlite_storage(path_); }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "study.db";
};

TEST_F(Locks, StayWhenAReaderOfTheSameFileComesAndGoes) {
  const auto storage = open();
  make_study(*storage);
  const int before = count();
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
  const int before = count();
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
