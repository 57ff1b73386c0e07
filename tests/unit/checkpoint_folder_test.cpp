#include "tune/checkpoint_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include "support/child.hpp"
#include "support/temporary_folder.hpp"
#include "tune/bytes.hpp"
#include "tune/checkpoint_file.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/storages/storage.hpp"

namespace tune {
namespace {

namespace fs = std::filesystem;
using testing::Child;
using testing::TemporaryFolder;

constexpr std::string_view kFingerprint = R"(seed 1, {"lr": 0.1})";

std::vector<std::byte> bytes_of(std::size_t size, unsigned value) {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

Checkpoint checkpoint(std::int64_t step, std::size_t size = 100) {
  return {step, 1.5 * static_cast<double>(step), bytes_of(size, static_cast<unsigned>(step) % 256U)};
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

std::vector<std::byte> read_bytes(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

void write_bytes(const fs::path& path, const std::vector<std::byte>& bytes) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

class CheckpointFolderTest : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path path() const { return CheckpointFolder::beside(home_ / "study.db"); }
  [[nodiscard]] CheckpointFolder folder(const CheckpointOptions& options = {}) const {
    return {path(), "study", options};
  }
  /// The file of a trial that was just saved into the empty folder.
  fs::path saved(TrialNumber trial = {3}) {
    CheckpointFolder checkpoints = folder();
    EXPECT_EQ(checkpoints.save(trial, kFingerprint, checkpoint(5)), std::nullopt);
    return files_in(path()).at(0);
  }
  [[nodiscard]] FoundCheckpoint load(TrialNumber trial = {3}) const {
    return folder().load(trial, kFingerprint);
  }
  [[nodiscard]] std::string refusal() const {
    const FoundCheckpoint found = load();
    EXPECT_EQ(found.checkpoint.has_value(), found.refusal.empty());
    EXPECT_EQ(folder().kept_step({3}).has_value(), found.refusal.empty());
    return found.refusal;
  }

  TemporaryFolder home_;
};

TEST_F(CheckpointFolderTest, StandsBesideTheStorage) {
  EXPECT_EQ(CheckpointFolder::beside("results/mlp.db"), fs::path("results/mlp.db.checkpoints"));
}

TEST_F(CheckpointFolderTest, GivesBackWhatWasSavedLast) {
  CheckpointFolder checkpoints = folder();
  for (const std::int64_t step : {0, 4, 7}) {
    ASSERT_EQ(checkpoints.save({3}, kFingerprint, checkpoint(step, static_cast<std::size_t>(step) * 1000)),
              std::nullopt);
    const FoundCheckpoint found = load();
    ASSERT_TRUE(found.checkpoint.has_value()) << found.refusal;
    EXPECT_EQ(found.checkpoint->step, step);
    EXPECT_EQ(found.checkpoint->seconds, 1.5 * static_cast<double>(step));
    EXPECT_EQ(found.checkpoint->bytes, checkpoint(step, static_cast<std::size_t>(step) * 1000).bytes);
    EXPECT_EQ(checkpoints.kept_step({3}), step);
  }
  EXPECT_EQ(files_in(path()).size(), 1U);
}

TEST_F(CheckpointFolderTest, HasNothingForATrialThatWasNotSaved) {
  (void)saved();
  const FoundCheckpoint found = load({4});
  EXPECT_FALSE(found.checkpoint.has_value());
  EXPECT_EQ(found.refusal, "");
  EXPECT_EQ(folder().kept_step({4}), std::nullopt);
}

TEST_F(CheckpointFolderTest, KeepsStudiesOfOneStorageApart) {
  (void)saved();
  EXPECT_EQ(CheckpointFolder(path(), "other").kept_step({3}), std::nullopt);
}

TEST_F(CheckpointFolderTest, RefusesWhatWasMadeWithOtherParameters) {
  (void)saved();
  const FoundCheckpoint found = folder().load({3}, R"(seed 1, {"lr": 0.2})");
  EXPECT_FALSE(found.checkpoint.has_value());
  EXPECT_EQ(found.refusal, "it was made with other parameters or seeds");
}

TEST_F(CheckpointFolderTest, RefusesTheFileOfAnotherTrialUnderItsName) {
  const fs::path file = saved({4});
  std::string name = file.filename().string();
  name.replace(name.rfind('4', name.rfind('.')), 1, "3");
  fs::rename(file, file.parent_path() / name);
  EXPECT_EQ(refusal(), "it is of another trial");
}

TEST_F(CheckpointFolderTest, RefusesAFileThatWasCutOffAnywhere) {
  const fs::path file = saved();
  const auto whole = read_bytes(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_bytes(file, {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_NE(refusal(), "") << size << " bytes";
  }
}

TEST_F(CheckpointFolderTest, RefusesAFileWithAnyBitTurned) {
  const fs::path file = saved();
  const auto whole = read_bytes(file);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto damaged = whole;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    write_bytes(file, damaged);
    EXPECT_NE(refusal(), "") << "bit " << bit;
  }
}

TEST_F(CheckpointFolderTest, RefusesRandomBytes) {
  const fs::path file = saved();
  RandomStream random({1, 2, Purpose::kAugmentation, 3});
  for (int i = 0; i < 200; ++i) {
    std::vector<std::byte> bytes(random.below(300));
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random.below(256)); });
    write_bytes(file, bytes);
    EXPECT_NE(refusal(), "");
  }
}

TEST_F(CheckpointFolderTest, SaysThatAFileHasAnotherVersion) {
  const fs::path file = saved();
  auto bytes = read_bytes(file);
  bytes[8] = std::byte{9};
  write_bytes(file, bytes);
  EXPECT_EQ(refusal(), "it has version 9 of the format, not 1");
}

TEST_F(CheckpointFolderTest, RefusesAHugeFileWithoutReadingIt) {
  const fs::path file = saved();
  fs::resize_file(file, std::uintmax_t{1} << 40);
  EXPECT_NE(refusal().find("more than"), std::string::npos);
}

TEST_F(CheckpointFolderTest, RefusesWhatIsNoFile) {
  const fs::path file = saved();
  fs::rename(file, home_ / "elsewhere");
  fs::create_symlink(home_ / "elsewhere", file);
  EXPECT_EQ(refusal(), "this is a link, not a file");
  fs::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(refusal(), "this is not a regular file");
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_NE(refusal(), "");
}

/// A file with a right checksum over anything.
std::vector<std::byte> with_checksum(const std::vector<std::byte>& body) {
  const CheckpointFile file{"", {0}, "", {0, 0.0, body}};
  return encode_checkpoint(file);
}

TEST(CheckpointFile, ChecksLengthsBeforeItAsksForMemory) {
  ByteWriter writer;
  writer.write(std::uint64_t{1} << 60);
  const auto& bytes = writer.bytes();
  EXPECT_THROW((void)ByteReader(bytes).read_bytes(), FormatError);
  EXPECT_THROW((void)ByteReader(bytes).read_text(), FormatError);
  EXPECT_THROW((void)ByteReader(bytes).read_list<float>(), FormatError);
  EXPECT_THROW((void)ByteReader(bytes).read_list<double>(), FormatError);
}

TEST(CheckpointFile, RefusesStepsAndTimesThatCannotBe) {
  EXPECT_EQ(decode_checkpoint(with_checksum(bytes_of(3, 1))).checkpoint.bytes, bytes_of(3, 1));
  CheckpointFile file{"s", {1}, "f", {-1, 0.0, {}}};
  EXPECT_THROW((void)decode_checkpoint(encode_checkpoint(file)), FormatError);
  file.checkpoint = {1, -1.0, {}};
  EXPECT_THROW((void)decode_checkpoint(encode_checkpoint(file)), FormatError);
  file.checkpoint = {1, 1e300, {}};
  EXPECT_THROW((void)decode_checkpoint(encode_checkpoint(file)), FormatError);
  file.checkpoint = {1, std::numeric_limits<double>::quiet_NaN(), {}};
  EXPECT_THROW((void)decode_checkpoint(encode_checkpoint(file)), FormatError);
}

TEST_F(CheckpointFolderTest, LeavesOutWhatWouldExceedItsLimitAndKeepsTheFormerOne) {
  CheckpointFolder checkpoints = folder({.max_bytes = 3000});
  EXPECT_EQ(checkpoints.save({1}, kFingerprint, checkpoint(1, 1000)), std::nullopt);
  EXPECT_EQ(checkpoints.save({2}, kFingerprint, checkpoint(2, 1000)), std::nullopt);
  EXPECT_EQ(checkpoints.save({2}, kFingerprint, checkpoint(3, 1500)), std::nullopt) << "it replaces its own";
  const auto refused = checkpoints.save({1}, kFingerprint, checkpoint(4, 1500));
  ASSERT_TRUE(refused.has_value());
  EXPECT_NE(refused->find("limit of 3000 bytes"), std::string::npos) << *refused;
  EXPECT_EQ(checkpoints.kept_step({1}), 1);
  EXPECT_EQ(checkpoints.kept_step({2}), 3);
}

TEST_F(CheckpointFolderTest, StillReadsWhatALowerLimitWouldNotTake) {
  (void)saved();
  EXPECT_EQ(folder({.max_bytes = 10}).kept_step({3}), 5);
}

TEST_F(CheckpointFolderTest, GoesWithItsLastFile) {
  CheckpointFolder checkpoints = folder();
  for (const TrialNumber trial : {TrialNumber{1}, TrialNumber{2}})
    ASSERT_EQ(checkpoints.save(trial, kFingerprint, checkpoint(1)), std::nullopt);
  checkpoints.remove({1});
  EXPECT_EQ(files_in(path()).size(), 1U);
  checkpoints.remove({1});
  checkpoints.remove({2});
  EXPECT_FALSE(fs::exists(path()));
  checkpoints.remove({2});
  ASSERT_EQ(checkpoints.save({2}, kFingerprint, checkpoint(1)), std::nullopt) << "it comes back";
}

TEST_F(CheckpointFolderTest, SaysWhyItCannotSave) {
  std::ofstream(path()) << "a file where the folder should be";
  const auto reason = folder().save({1}, kFingerprint, checkpoint(1));
  ASSERT_TRUE(reason.has_value());
  EXPECT_NE(reason->find(path().string()), std::string::npos) << *reason;
  folder().remove({1});
  EXPECT_EQ(folder().collect_orphans([] { return UnfinishedTrials{}; }), 0U);
  EXPECT_TRUE(fs::exists(path()));
}

TEST_F(CheckpointFolderTest, KeepsTheFormerOneWhenTheDiskIsFull) {
  const fs::path file = saved();
  Child child([&](const Child::Send& send) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{2000, 2000};
    setrlimit(RLIMIT_FSIZE, &limit);
    send(folder().save({3}, kFingerprint, checkpoint(6, 5000)).has_value() ? 1 : 0);
  });
  EXPECT_EQ(child.receive(), 1) << "it was told";
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(folder().kept_step({3}), 5);
  EXPECT_EQ(files_in(path()), std::vector<fs::path>{file}) << "nothing half written is left";
}

TEST_F(CheckpointFolderTest, IsWholeWheneverItsWriterIsKilled) {
  for (int kill = 0; kill < 20; ++kill) {
    Child child([&](const Child::Send& send) {
      CheckpointFolder checkpoints = folder();
      for (std::int64_t step = 1;; ++step) {
        if (checkpoints.save({3}, kFingerprint,
                             checkpoint(step, 300000 + static_cast<std::size_t>(step) * 10000)))
          return;
        send(step);
      }
    });
    std::int64_t last = child.receive();
    for (int i = 0; i < kill % 4; ++i) last = child.receive();
    child.kill_now();
    const FoundCheckpoint found = load();
    ASSERT_TRUE(found.checkpoint.has_value()) << found.refusal;
    EXPECT_GE(found.checkpoint->step, last);
    EXPECT_EQ(
        found.checkpoint->bytes,
        checkpoint(found.checkpoint->step, 300000 + static_cast<std::size_t>(found.checkpoint->step) * 10000)
            .bytes);
  }
  folder().collect_orphans([] { return UnfinishedTrials{{"study", {{3}}}}; });
  EXPECT_EQ(files_in(path()).size(), 1U) << "what the dead left half written is gone";
}

TEST_F(CheckpointFolderTest, CollectsTheFilesOfTrialsThatAreFinishedOrUnknownAndOfStudiesThatAreGone) {
  CheckpointFolder here = folder();
  CheckpointFolder other(path(), "other / ünï");
  CheckpointFolder deleted(path(), "deleted");
  for (const std::int64_t trial : {0, 1, 2}) {
    for (CheckpointFolder* each : {&here, &other, &deleted})
      ASSERT_EQ(each->save({trial}, kFingerprint, checkpoint(1)), std::nullopt);
  }
  std::ofstream(path() / "notes.txt") << "not ours";
  EXPECT_EQ(here.collect_orphans([] {
    return UnfinishedTrials{{"study", {{1}}}, {"other / ünï", {{0}, {2}}}, {"third", {}}};
  }),
            6U);
  EXPECT_EQ(here.kept_step({1}), 1);
  EXPECT_EQ(other.kept_step({0}), 1);
  EXPECT_EQ(other.kept_step({2}), 1);
  EXPECT_EQ(files_in(path()).size(), 4U);
  EXPECT_EQ(here.collect_orphans([] { return UnfinishedTrials{}; }), 3U);
  EXPECT_TRUE(fs::exists(path() / "notes.txt"));
}

TEST_F(CheckpointFolderTest, AsksForTheTrialsOnlyWhenThereIsAFile) {
  bool asked = false;
  EXPECT_EQ(folder().collect_orphans([&] {
    asked = true;
    return UnfinishedTrials{};
  }),
            0U);
  EXPECT_FALSE(asked);
}

TEST_F(CheckpointFolderTest, LeavesAloneWhatALivingProcessIsWriting) {
  const fs::path file = saved();
  const fs::path living = file.string() + ".1-1.tmp";
  const fs::path dead = file.string() + ".2-2.tmp";
  std::ofstream(dead) << "half";
  {
    const int writer = open(living.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(flock(writer, LOCK_EX), 0);
    EXPECT_EQ(folder().collect_orphans([] { return UnfinishedTrials{{"study", {{3}}}}; }), 1U);
    EXPECT_TRUE(fs::exists(living));
    EXPECT_FALSE(fs::exists(dead));
    close(writer);
  }
  EXPECT_EQ(folder().collect_orphans([] { return UnfinishedTrials{}; }), 2U);
  EXPECT_FALSE(fs::exists(path()));
}

TEST(UnfinishedTrials, AreThoseThatWaitOrRun) {
  const auto storage = make_in_memory_storage();
  const StudyId study = storage->create_study({"a", {Direction::kMinimize}, {}, {}, std::vector<NewTrial>(3)});
  (void)storage->create_study({"b", {Direction::kMinimize}, {}, {}, {}});
  const auto finished = storage->reserve(study, this_process());
  (void)storage->reserve(study, this_process());
  (void)storage->tell(finished.claim, {TrialState::kFail, {}, {}, {}});
  EXPECT_EQ(unfinished_trials(*storage), (UnfinishedTrials{{"a", {{1}, {2}}}, {"b", {}}}));
}

}  // namespace
}  // namespace tune
