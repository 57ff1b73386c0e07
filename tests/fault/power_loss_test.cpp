#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "support/disk.hpp"
#include "support/faulty_vfs.hpp"
#include "support/scripted_study.hpp"
#include "support/sqlite_file.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/study.hpp"

/// The power goes off in the middle of a study, at every write and sync of it.
namespace tune::testing {
namespace {

constexpr const char* kFile = "study.db";

/// What stands in the storage after a call, and when that was.
struct Moment {
  std::size_t n_events = 0;
  bool durable = false;
  std::string contents;
};

/// What a study did to the disk, and what it held meanwhile.
struct Recording {
  std::vector<DiskEvent> events;
  std::vector<Moment> moments;
};

enum class Writers : std::uint8_t {
  kOne,
  kComeAndGo,    ///< Every few calls the storage is closed, which folds the log in, and opened again.
  kWithAnother,  ///< Another program folds the log in while the storage is open.
};

std::string name_of(Writers writers) {
  switch (writers) {
    case Writers::kOne:
      return "One";
    case Writers::kComeAndGo:
      return "ComeAndGo";
    case Writers::kWithAnother:
      return "WithAnother";
  }
  return {};
}

void fold_log(const fs::path& path) {
  SQLite::Database(path, SQLite::OPEN_READWRITE).exec("PRAGMA wal_checkpoint(RESTART)");
}

/// Trials are given to outsiders by a Study: what one was given must stay, and so must the study.
Recording record_asks_of_outsiders() {
  Recording recording;
  const TemporaryFolder folder;
  FaultyVfs disk;
  auto storage = open_sqlite_storage(folder / kFile);
  const auto note = [&] {
    recording.moments.push_back({disk.events().size(), true, contents(*storage, true)});
  };
  note();
  StudyOptions options;
  options.study_name = "first";
  options.storage = storage;
  options.sampler = std::make_shared<RandomSampler>();
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  options.asks_for_outsiders = true;
  Study study = create_study(std::move(options));
  note();
  for (int i = 0; i < 4; ++i) {
    (void)study.ask();
    note();
  }
  // Before the file is closed, which stores all of it.
  recording.events = disk.events();
  return recording;
}

Recording record(Writers writers) {
  Recording recording;
  const TemporaryFolder folder;
  const fs::path path = folder / kFile;
  FaultyVfs disk;
  auto storage = open_sqlite_storage(path);
  recording.moments.push_back({disk.events().size(), true, contents(*storage, true)});
  const ScriptedStudy study;
  std::size_t n_calls = 0;
  for (const ScriptedStudy::Step& step : study.steps()) {
    step.call(*storage);
    recording.moments.push_back({disk.events().size(), step.durable, contents(*storage, true)});
    if (++n_calls % 5 == 0 && writers == Writers::kComeAndGo) {
      storage.reset();
      storage = open_sqlite_storage(path);
    }
    if (n_calls % 5 == 0 && writers == Writers::kWithAnother) {
      fold_log(path);
    }
  }
  storage.reset();
  recording.events = disk.events();
  recording.moments.push_back({recording.events.size(), true, recording.moments.back().contents});
  return recording;
}

void write_files(const fs::path& folder, const std::map<std::string, std::string>& files) {
  for (const auto& [name, bytes] : files) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
  }
}

/// What a new process finds; throws what it throws.
std::string found_after(const std::map<std::string, std::string>& files) {
  const TemporaryFolder folder;
  write_files(folder.path(), files);
  const FaultyVfs without_waiting_for_the_disk;
  const auto storage = open_sqlite_storage(folder / kFile);
  std::string found = contents(*storage, true);
  EXPECT_EQ(rows_of(folder / kFile, "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
  const auto study = storage->find_study("first");
  if (study) {
    // It goes on.
    storage->tell(take(*storage, study->id).claim, {TrialState::kComplete, {1.0}, {}, {}});
  }
  return found;
}

/// Whether a power cut after the first `n_events` leaves the state after one of the calls: none before the last
/// durable one that had returned, none after the one that was under way.
bool is_allowed(const Recording& recording, std::size_t n_events, const std::string& found) {
  for (auto moment = recording.moments.rbegin(); moment != recording.moments.rend(); ++moment) {
    const bool had_returned = moment->n_events <= n_events;
    const bool was_under_way = had_returned || std::next(moment) == recording.moments.rend() ||
                               std::next(moment)->n_events <= n_events;
    if (was_under_way && moment->contents == found) {
      return true;
    }
    if (had_returned && moment->durable) {
      return false;
    }
  }
  return found.empty();
}

/// How many of the power cuts left what may not be.
int count_losses(const Recording& recording, Survives survives) {
  std::mt19937_64 random(7);
  Disk disk;
  int n_losses = 0;
  for (std::size_t n = 0; n < recording.events.size(); ++n) {
    disk.apply(recording.events[n]);
    const std::string found = found_after(disk.after_power_cut(survives, random));
    n_losses += is_allowed(recording, n + 1, found) ? 0 : 1;
  }
  return n_losses;
}

class PowerLoss : public ::testing::TestWithParam<Writers> {};

INSTANTIATE_TEST_SUITE_P(Writers, PowerLoss,
                         ::testing::Values(Writers::kOne, Writers::kComeAndGo, Writers::kWithAnother),
                         [](const auto& tested) { return name_of(tested.param); });

TEST_P(PowerLoss, TakesNothingThatADurableCallStored) {
  EXPECT_EQ(count_losses(record(GetParam()), Survives::kNothing), 0);
}

TEST_P(PowerLoss, TakesNothingWhenSomeOfTheLastWritesReachedTheDisk) {
  const Recording recording = record(GetParam());
  EXPECT_EQ(count_losses(recording, Survives::kSome), 0);
}

TEST_P(PowerLoss, TakesNothingWhenTheLastWriteIsTorn) {
  EXPECT_EQ(count_losses(record(GetParam()), Survives::kAllButLast), 0);
}

TEST_P(PowerLoss, TakesNoCallThatReturnedWhenOnlyTheProcessDies) {
  Recording recording = record(GetParam());
  for (Moment& moment : recording.moments) {
    moment.durable = true;
  }
  EXPECT_EQ(count_losses(recording, Survives::kAll), 0);
}

TEST(PowerLossOfAStudy, TakesNoTrialThatAnOutsiderWasGiven) {
  EXPECT_EQ(count_losses(record_asks_of_outsiders(), Survives::kNothing), 0);
}

/// What a disk does that says "synced" and lies after some time.
TEST(PowerLossItself, IsSeenByTheseTestsWhereSyncsAreLeftOut) {
  const Recording recording = record(Writers::kOne);
  constexpr std::size_t kTrueSyncs = 12;
  std::size_t n_syncs = 0;
  Recording lying;
  std::vector<std::size_t> kept_before;
  for (const DiskEvent& event : recording.events) {
    kept_before.push_back(lying.events.size());
    const bool is_sync = event.kind == DiskEvent::Kind::kSync;
    n_syncs += is_sync ? 1U : 0U;
    if (!is_sync || n_syncs <= kTrueSyncs) {
      lying.events.push_back(event);
    }
  }
  kept_before.push_back(lying.events.size());
  for (Moment moment : recording.moments) {
    moment.n_events = kept_before[moment.n_events];
    lying.moments.push_back(moment);
  }
  EXPECT_GT(count_losses(lying, Survives::kNothing), 0);
}

}  // namespace
}  // namespace tune::testing
