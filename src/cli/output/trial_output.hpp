#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

/// Trials and studies as tables, CSV and JSON show them.
namespace fmnist_tune {

/// `number, state, value, reason, constraints, params, user_attrs, datetime_start, datetime_complete,
/// duration_seconds`; a study with several objectives has the list `values` instead of `value`. What is not
/// there is null; a trial is feasible when all `constraints` are at most 0.
[[nodiscard]] Json trial_json(const tune::FrozenTrial& trial, const tune::StudyRecord& study);

/// Who reads a table of trials: a person gets short names and rounded times, a program gets Optuna's names
/// (`params_lr`) and full times.
enum class Reader : std::uint8_t { kPerson, kProgram };

/// A row a trial, a column a parameter in order of appearance.
[[nodiscard]] Table trials_table(const std::vector<tune::FrozenTrial>& trials, const tune::StudyRecord& study,
                                 Reader reader);

/// The trial as a list of facts for a person.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> trial_facts(const tune::FrozenTrial& trial,
                                                                           const tune::StudyRecord& study);

/// What the study calls its objectives; "value" where it has no name for one.
[[nodiscard]] std::vector<std::string> metric_names(const tune::StudyRecord& study);

/// `minimize` or `maximize`; several are separated by commas.
[[nodiscard]] std::string directions_text(const tune::StudyRecord& study);

/// `0.8 s`, `12.3 s`, `3 min 5 s`, `2 h 4 min`, `3 d 4 h`.
[[nodiscard]] std::string readable(std::chrono::microseconds duration);

/// `2026-01-31 12:00:00` (UTC).
[[nodiscard]] std::string to_seconds_text(tune::Timestamp time);

/// `2026-01-31T12:00:00.123456Z`.
[[nodiscard]] std::string to_iso_text(tune::Timestamp time);

}  // namespace fmnist_tune
