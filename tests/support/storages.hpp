#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tune/storages/storage.hpp"

namespace tune::testing {

/// One line enrols a storage in every conformance test.
struct StorageKind {
  std::string name;
  /// Opens a storage that may keep its files in the folder.
  std::function<std::shared_ptr<Storage>(const std::filesystem::path& folder)> open;
};
[[nodiscard]] std::vector<StorageKind> storage_kinds();
void PrintTo(const StorageKind& kind, std::ostream* out);

/// Everything about a trial but its id and times, as text to compare and to read.
[[nodiscard]] std::string describe(const FrozenTrial& trial);
/// One line a trial.
[[nodiscard]] std::string describe(const std::vector<FrozenTrial>& trials);

/// All trials, by number.
[[nodiscard]] std::vector<FrozenTrial> all_trials(Storage& storage, StudyId study);
[[nodiscard]] FrozenTrial trial_of(Storage& storage, StudyId study, TrialNumber number);

[[nodiscard]] Owner owner_named(const std::string& host, std::int64_t pid = 1);
StudyId make_study(Storage& storage, const std::string& name = "study",
                                 std::vector<Direction> directions = {Direction::kMinimize});
/// A trial that must be there to be taken.
[[nodiscard]] Reservation take(Storage& storage, StudyId study, const Owner& owner = owner_named("here"));

}  // namespace tune::testing
