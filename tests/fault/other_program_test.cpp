#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/child.hpp"
#include "support/faulty_vfs.hpp"
#include "support/sqlite_file.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_check.hpp"

/// Another program keeps the file for itself for some time.
namespace tune::testing {
namespace {

/// A process that begins a transaction when asked to and keeps it for some time, or until it is killed.
class OtherProgram {
 public:
  OtherProgram(const fs::path& path, const std::string& begin, std::chrono::seconds keeps_for) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
      throw std::runtime_error("no pipe");
    }
    asked_ = ends[1];
    child_ = std::make_unique<Child>([&](const Child::Send& send) {
      char byte = 0;
      if (read(ends[0], &byte, 1) != 1) {
        return;
      }
      SQLite::Database database(path, SQLite::OPEN_READWRITE);
      database.exec(begin);
      send(1);
      std::this_thread::sleep_for(keeps_for);
      database.exec("COMMIT");
    });
    close(ends[0]);
  }
  ~OtherProgram() { close(asked_); }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;

  void take_file() {
    if (write(asked_, "!", 1) != 1 || child_->receive() != 1) {
      throw std::runtime_error("the other program did not get the file");
    }
  }
  void end() { child_->kill_now(); }

 private:
  int asked_ = -1;
  std::unique_ptr<Child> child_;
};

constexpr std::chrono::hours kForEver{24};

class AnotherProgramWithTheFile : public SqliteFile {
 protected:
  AnotherProgramWithTheFile() : study_(make_study(*open())) {}

  /// Until SQLite has come back to the lock so often.
  static void wait_for_waiting(const FaultyVfs& vfs) {
    constexpr int kTimes = 20;
    while (vfs.n_sleeps() < kTimes) {
      std::this_thread::yield();
    }
  }

  StudyId study_;
};

TEST_F(AnotherProgramWithTheFile, IsWaitedForByAWriter) {
  OtherProgram other(path_, "BEGIN IMMEDIATE", kForEver);
  const FaultyVfs vfs;
  const auto storage = open();
  const Claim claim = take(*storage, study_).claim;
  other.take_file();
  auto told = std::async(std::launch::async, [&] {
    storage->tell(claim, {TrialState::kComplete, {1.0}, {}, {}});
  });
  wait_for_waiting(vfs);
  EXPECT_EQ(told.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  other.end();
  told.get();
  EXPECT_EQ(trial_of(*storage, study_, claim.number).state, TrialState::kComplete);
}

TEST_F(AnotherProgramWithTheFile, IsWaitedForByOneThatOpensIt) {
  OtherProgram other(path_, "BEGIN EXCLUSIVE", kForEver);
  other.take_file();
  const FaultyVfs vfs;
  auto opened = std::async(std::launch::async, [&] { return open(); });
  wait_for_waiting(vfs);
  EXPECT_EQ(opened.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  other.end();
  EXPECT_TRUE(opened.get()->find_study("study"));
}

TEST_F(AnotherProgramWithTheFile, IsWaitedForByAReader) {
  OtherProgram other(path_, "BEGIN EXCLUSIVE", kForEver);
  other.take_file();
  const FaultyVfs vfs;
  auto read = std::async(std::launch::async, [&] { return SqliteReader(path_).study_records().size(); });
  wait_for_waiting(vfs);
  EXPECT_EQ(read.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  other.end();
  EXPECT_EQ(read.get(), 1U);
}

class SlowAnotherProgramWithTheFile : public AnotherProgramWithTheFile {};

TEST_F(SlowAnotherProgramWithTheFile, IsWaitedForForHalfAMinuteByAReaderToo) {
  OtherProgram other(path_, "BEGIN EXCLUSIVE", std::chrono::seconds(33));
  other.take_file();
  EXPECT_EQ(SqliteReader(path_).study_records().size(), 1U);
  EXPECT_TRUE(check_sqlite_file(path_, {}).empty());
}

TEST_F(SlowAnotherProgramWithTheFile, IsWaitedForForHalfAMinute) {
  OtherProgram other(path_, "BEGIN IMMEDIATE", std::chrono::seconds(30));
  const auto storage = open();
  const Claim claim = take(*storage, study_).claim;
  other.take_file();
  storage->report(claim, {0, 1.0}, {});
  storage->tell(claim, {TrialState::kComplete, {1.0}, {}, {}});
  EXPECT_EQ(trial_of(*storage, study_, claim.number).state, TrialState::kComplete);
}

}  // namespace
}  // namespace tune::testing
