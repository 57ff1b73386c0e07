#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "support/faulty_vfs.hpp"
#include "support/scripted_study.hpp"
#include "support/sqlite_file.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// The disk refuses one call, or every call from one on, at every place of a study.
namespace tune::testing {
namespace {

/// A way in which a disk can fail.
struct Trouble {
  std::string name;
  bool lasts;  ///< Until somebody was told; otherwise just once.
  /// SQLITE_OK for what this trouble leaves alone.
  std::function<int(VfsCall)> code;
};

int io_error(VfsCall call) {
  switch (call) {
    case VfsCall::kOpen:
      return SQLITE_CANTOPEN;
    case VfsCall::kDelete:
      return SQLITE_IOERR_DELETE;
    case VfsCall::kAccess:
      return SQLITE_IOERR_ACCESS;
    case VfsCall::kRead:
      return SQLITE_IOERR_READ;
    case VfsCall::kWrite:
      return SQLITE_IOERR_WRITE;
    case VfsCall::kTruncate:
      return SQLITE_IOERR_TRUNCATE;
    case VfsCall::kSync:
      return SQLITE_IOERR_FSYNC;
    case VfsCall::kSize:
      return SQLITE_IOERR_FSTAT;
    case VfsCall::kLock:
      return SQLITE_IOERR_LOCK;
    case VfsCall::kShmMap:
      return SQLITE_IOERR_SHMMAP;
    case VfsCall::kShmLock:
      return SQLITE_IOERR_SHMLOCK;
  }
  return SQLITE_IOERR;
}

int full_disk(VfsCall call) {
  switch (call) {
    case VfsCall::kWrite:
      return SQLITE_FULL;
    case VfsCall::kShmMap:
      return SQLITE_IOERR_SHMSIZE;
    default:
      return SQLITE_OK;
  }
}

std::vector<Trouble> troubles() {
  return {{"OneIoError", false, io_error},
          {"IoErrorsThatLast", true, io_error},
          {"OneFullDisk", false, full_disk},
          {"FullDiskThatLasts", true, full_disk}};
}

void PrintTo(const Trouble& trouble, std::ostream* out) {
  *out << trouble.name;
}

constexpr std::size_t kCallsBetweenReaders = 12;

/// A study on a disk that fails at the n-th call it may fail at.
class TroubledRun {
 public:
  TroubledRun(const Trouble& trouble, std::int64_t fails_at, const std::vector<std::string>& wanted)
      : trouble_(trouble), left_(fails_at), wanted_(wanted) {
    vfs_.set_fault([this](VfsCall call) { return fault(call); });
  }

  void run() {
    attempt([&] { storage_ = open_sqlite_storage(path_); });
    const ScriptedStudy study;
    std::size_t done = 0;
    for (const ScriptedStudy::Step& step : study.steps()) {
      SCOPED_TRACE(step.name);
      attempt([&] { step.call(*storage_); }, wanted_.at(done));
      ++done;
      if (done % kCallsBetweenReaders == 0) {
        attempt([&] { (void)SqliteReader(path_).studies(); }, wanted_.at(done));
      }
    }
    armed_ = true;
    storage_.reset();
    armed_ = false;
    EXPECT_EQ(contents(*open_sqlite_storage(path_)), wanted_.back());
    EXPECT_EQ(rows_of(path_, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
  }

  /// What stands in the storage after each call when nothing fails.
  static std::vector<std::string> undisturbed() {
    const TemporaryFolder folder;
    const auto storage = open_sqlite_storage(folder / "study.db");
    std::vector<std::string> all{contents(*storage)};
    const ScriptedStudy study;
    for (const ScriptedStudy::Step& step : study.steps()) {
      step.call(*storage);
      all.push_back(contents(*storage));
    }
    return all;
  }

  [[nodiscard]] bool has_failed() const { return left_ <= 0; }
  [[nodiscard]] int n_refused() const { return n_refused_; }

 private:
  int fault(VfsCall call) {
    const int code = armed_ ? trouble_.code(call) : SQLITE_OK;
    if (code == SQLITE_OK || --left_ > 0) {
      return SQLITE_OK;
    }
    return left_ == 0 || trouble_.lasts ? code : SQLITE_OK;
  }

  /// Makes a call on the troubled disk. When it is refused, it says where and what to do, nothing has
  /// happened, and the same call goes through once the trouble is over.
  void attempt(const std::function<void()>& call, const std::optional<std::string>& before = std::nullopt) {
    armed_ = !is_over_;
    try {
      call();
      armed_ = false;
    } catch (const StorageError& error) {
      armed_ = false;
      is_over_ = true;
      ++n_refused_;
      const std::string text = error.what();
      EXPECT_NE(text.find(path_.string()), std::string::npos) << text;
      EXPECT_NE(text.find("; "), std::string::npos) << "no advice: " << text;
      if (before) {
        EXPECT_EQ(contents(*storage_), *before);
      }
      call();
    }
  }

  const Trouble& trouble_;
  std::int64_t left_;
  const std::vector<std::string>& wanted_;
  TemporaryFolder folder_;
  fs::path path_ = folder_ / "study.db";
  FaultyVfs vfs_;
  std::shared_ptr<Storage> storage_;
  bool armed_ = false;
  bool is_over_ = false;
  int n_refused_ = 0;
};

class DiskTrouble : public ::testing::TestWithParam<Trouble> {};

INSTANTIATE_TEST_SUITE_P(Every, DiskTrouble, ::testing::ValuesIn(troubles()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(DiskTrouble, IsToldAndHarmsNothingWhereverItComes) {
  const std::vector<std::string> wanted = TroubledRun::undisturbed();
  bool reached = true;
  int n_refused = 0;
  std::int64_t n = 1;
  for (; reached && !HasFailure(); ++n) {
    SCOPED_TRACE(n);
    TroubledRun run(GetParam(), n, wanted);
    run.run();
    reached = run.has_failed();
    n_refused += run.n_refused();
  }
  EXPECT_GT(n_refused, 50);
  RecordProperty("places", std::to_string(n));
}

}  // namespace
}  // namespace tune::testing
