#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/objective.hpp"

namespace tune {

class Storage;

struct CheckpointOptions {
  std::uint64_t max_bytes = std::uint64_t{1} << 30;  ///< Of all files in the folder together.
  /// Seconds of training that may be lost: a trial is saved at the end of a step when it would be more.
  std::chrono::duration<double> interval{10.0};
};

/// What a look at a trial's checkpoint found.
struct FoundCheckpoint {
  std::optional<Checkpoint> checkpoint;
  std::string refusal;  ///< Why the file that is there cannot be used; empty when there is none or it can.
};

/// The WAITING and RUNNING trials of every study of a storage, by the study's name.
using UnfinishedTrials = std::map<std::string, std::set<TrialNumber>>;
/// Reads all trials of the studies.
[[nodiscard]] UnfinishedTrials unfinished_trials(Storage& storage);

/// The checkpoints of one study's unfinished trials, a file a trial; studies of one storage share the folder.
/// It appears with the first checkpoint and goes with the last.
///
/// A file is replaced atomically and survives power loss once saved. It is data, never code, and trusted in
/// nothing: one that is damaged, cut off, too large, of another version, study, trial or fingerprint is refused
/// with the reason. No member throws for what is or is not in the folder. Safe from any thread, and for several
/// processes of one host.
class CheckpointFolder {
 public:
  CheckpointFolder(std::filesystem::path folder, std::string study_name, const CheckpointOptions& options = {});

  /// `NAME.db.checkpoints` for the storage `NAME.db`.
  [[nodiscard]] static std::filesystem::path beside(const std::filesystem::path& storage);

  /// `fingerprint` names everything that makes the trial; one that was saved under another is refused.
  [[nodiscard]] FoundCheckpoint load(TrialNumber trial, std::string_view fingerprint) const;
  /// Gives back why it could not be saved, or nothing. The former checkpoint stays then.
  [[nodiscard]] std::optional<std::string> save(TrialNumber trial, std::string_view fingerprint,
                                                const Checkpoint& checkpoint);
  /// The step that the trial's checkpoint reached, whatever its fingerprint. Reads the whole file.
  [[nodiscard]] std::optional<std::int64_t> kept_step(TrialNumber trial) const;
  /// Does nothing when there is none.
  void remove(TrialNumber trial);
  /// The files of trials that are not among the unfinished ones, of any study. `unfinished` is asked after the
  /// folder was looked at, and only when there is a file.
  [[nodiscard]] std::vector<std::filesystem::path> orphans(
      const std::function<UnfinishedTrials()>& unfinished) const;
  /// Removes the files of all trials that are not among the unfinished ones, and what processes left half
  /// written when they died. `unfinished` is asked after the folder was looked at, and only when there is a
  /// file. Returns how many files went.
  std::size_t collect_orphans(const std::function<UnfinishedTrials()>& unfinished);

  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
  [[nodiscard]] std::chrono::duration<double> interval() const { return options_.interval; }

 private:
  [[nodiscard]] std::filesystem::path file_of(TrialNumber trial) const;
  [[nodiscard]] FoundCheckpoint look(TrialNumber trial, const std::string_view* fingerprint) const;
  [[nodiscard]] std::uint64_t bytes_of_others(const std::filesystem::path& file) const;

  std::filesystem::path folder_;
  std::string study_name_;
  CheckpointOptions options_;
  std::mutex writing_;  ///< Held while the folder changes: its size is counted before a file is added.
};

}  // namespace tune
