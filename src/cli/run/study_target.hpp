#pragma once

#include <boost/program_options.hpp>
#include <filesystem>
#include <optional>
#include <vector>

#include "cli/study_file/study_config.hpp"
#include "tune/storages/storage.hpp"
#include "tune/study.hpp"

/// What the commands that change a study without running trials have in common.
namespace fmnist_tune {

/// The name under which such a command takes its argument without a name: a storage or a study file.
inline constexpr const char* kTargetArgument = "DB|STUDY.json";

/// The study that a command works on, and where it is kept.
struct StudyTarget {
  std::filesystem::path storage;
  /// The study file that was named, or the one that the study keeps; nothing: another program's study.
  std::optional<StudyConfig> config;
  std::optional<tune::StudyRecord> stored;  ///< Nothing: the study file's study is not there yet.
  bool is_from_file = false;                ///< A study file was named, no storage.
};

/// Finds the study by the argument (see kTargetArgument), `--storage` and `--study`. Nothing is written. Throws
/// UsageError when it is not clear which one is meant, StudyFileError, StorageError.
[[nodiscard]] StudyTarget find_target(const boost::program_options::variables_map& values);

/// The trials of a study that is there, without their intermediate values.
[[nodiscard]] std::vector<tune::FrozenTrial> stored_trials(const StudyTarget& target);

/// Opens the study: by a study file creates it or goes on with it as a run would, else as the storage has it.
/// With `asks_for_outsiders` trials may be asked for that others run.
[[nodiscard]] tune::Study open_target(const StudyTarget& target, bool asks_for_outsiders = false);

}  // namespace fmnist_tune
