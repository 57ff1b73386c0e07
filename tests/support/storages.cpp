#include "support/storages.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "tune/storages/in_memory.hpp"
#include "tune/storages/sqlite.hpp"

namespace tune::testing {
namespace {

std::string describe(const Attributes& attributes) {
  std::string text;
  for (const auto& [key, value] : attributes) {
    text += fmt::format(" {}={}", key, value);
  }
  return text;
}

}  // namespace

std::vector<StorageKind> storage_kinds() {
  return {{"InMemory", [](const auto&) { return make_in_memory_storage(); }},
          {"Sqlite", [](const auto& folder) { return open_sqlite_storage(folder / "study.db"); }}};
}

void PrintTo(const StorageKind& kind, std::ostream* out) {
  *out << kind.name;
}

std::string describe(const FrozenTrial& trial) {
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

std::string describe(const std::vector<FrozenTrial>& trials) {
  std::string text;
  for (const FrozenTrial& trial : trials) {
    text += describe(trial) + "\n";
  }
  return text;
}

std::vector<FrozenTrial> all_trials(Storage& storage, StudyId study) {
  return storage.changes_since(study, Cursor{}).trials;
}

FrozenTrial trial_of(Storage& storage, StudyId study, TrialNumber number) {
  return all_trials(storage, study).at(static_cast<std::size_t>(number.value));
}

Owner owner_named(const std::string& host, std::int64_t pid) {
  return {host, "boot", pid, 42};
}

StudyId make_study(Storage& storage, const std::string& name, std::vector<Direction> directions) {
  return storage.create_study({name, std::move(directions), {}, {}, {}});
}

Reservation take(Storage& storage, StudyId study, const Owner& owner) {
  Reservation reservation = storage.reserve(study, owner);
  if (reservation.status != ReserveStatus::kReserved) {
    throw std::logic_error("no trial could be reserved");
  }
  return reservation;
}

}  // namespace tune::testing
