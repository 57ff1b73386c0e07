#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/opened_storages.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/storage.hpp"

namespace tune::testing {

struct StorageKind {
  std::string name;
  /// Opens a storage that may keep its files in the folder.
  std::function<std::shared_ptr<Storage>(const std::filesystem::path& folder)> open;
};

/// Without heartbeats, which are times and in no delta.
inline std::string describe(const Attributes& attributes) {
  std::string text;
  for (const auto& [key, value] : attributes) {
    if (key != "tune:heartbeat") {
      text += fmt::format(" {}={}", key, value);
    }
  }
  return text;
}

/// One line enrols a storage in every conformance test.
inline std::vector<StorageKind> storage_kinds() {
  return {{"InMemory", [](const auto&) { return make_in_memory_storage(); }},
          {"Sqlite", [](const auto& folder) { return open_sqlite_storage(folder / "study.db"); }}};
}

/// Those that keep files, opened more than once. They hold the same; their deltas may tell of more.
inline std::vector<StorageKind> storage_kinds_opened_often(std::int64_t calls_an_opening) {
  const auto open = [](const auto& folder) { return open_sqlite_storage(folder / "study.db"); };
  return {
      {"SqliteTwice",
       [=](const auto& folder) { return std::make_shared<AlternatingStorage>(open(folder), open(folder)); }},
      {"SqliteReopened", [=](const auto& folder) {
         return std::make_shared<ReopenedStorage>([=] { return open(folder); }, calls_an_opening);
       }}};
}

/// Both of these lists. Opening a file costs more than many calls: a test of many takes a larger number.
inline std::vector<StorageKind> all_storage_kinds(std::int64_t calls_an_opening = 3) {
  std::vector<StorageKind> all = storage_kinds();
  for (const StorageKind& kind : storage_kinds_opened_often(calls_an_opening)) {
    all.push_back(kind);
  }
  return all;
}

inline void PrintTo(const StorageKind& kind, std::ostream* out) {
  *out << kind.name;
}

/// Everything about a trial but its id and times, as text to compare and to read.
inline std::string describe(const FrozenTrial& trial) {
  std::string text = fmt::format("{} {}", trial.number.value, to_string(trial.state));
  for (const double value : trial.values) {
    text += fmt::format(" value {}", value);
  }
  for (const Param& param : trial.params) {
    text += fmt::format(" | {} = {} ({}) in {}", param.name, param.value, to_text(param.external()),
                        to_json(param.distribution));
  }
  for (const IntermediateValue& report : trial.intermediate) {
    text += fmt::format(" | @{} {}", report.step, report.value);
  }
  text += " | user" + describe(trial.user_attrs) + " | system" + describe(trial.system_attrs);
  return text + fmt::format(" | {}started {}ended", trial.datetime_start ? "" : "un",
                            trial.datetime_complete ? "" : "un");
}

/// One line a trial.
inline std::string describe(const std::vector<FrozenTrial>& trials) {
  std::string text;
  for (const FrozenTrial& trial : trials) {
    text += describe(trial) + "\n";
  }
  return text;
}

/// Everything about a study but its id and its trials.
inline std::string describe(const StudyRecord& study) {
  std::string text = fmt::format("study {}", study.name);
  for (const Direction direction : study.directions) {
    text += fmt::format(" {}", to_string(direction));
  }
  return text + " | user" + describe(study.user_attrs) + " | system" + describe(study.system_attrs) + "\n";
}

/// All trials, by number.
inline std::vector<FrozenTrial> all_trials(Storage& storage, StudyId study) {
  return storage.changes_since(study, Cursor{}).trials;
}

inline FrozenTrial trial_of(Storage& storage, StudyId study, TrialNumber number) {
  return all_trials(storage, study).at(static_cast<std::size_t>(number.value));
}

/// Takes trials from every owner of that host.
inline Takeover takeover_from(const std::string& host) {
  return {[host](const Holder& holder) { return holder.claim.owner.host == host; }};
}

inline Owner owner_named(const std::string& host, std::int64_t pid = 1) {
  return {host, "boot", pid, 42};
}

inline StudyId make_study(Storage& storage, const std::string& name = "study",
                          std::vector<Direction> directions = {Direction::kMinimize}) {
  return storage.create_study(
      {.name = name, .directions = std::move(directions), .user_attrs = {}, .system_attrs = {}});
}

/// A trial that must be there to be taken.
inline Reservation take(Storage& storage, StudyId study, const Owner& owner = owner_named("here")) {
  Reservation reservation = storage.reserve(study, owner);
  if (reservation.status != ReserveStatus::kReserved) {
    throw std::logic_error("no trial could be reserved");
  }
  return reservation;
}

}  // namespace tune::testing
