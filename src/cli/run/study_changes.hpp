#pragma once

#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

/// What a study was before a run went on with it otherwise: another pruner, engine, library. Trials that ended
/// before a change were made as the study was then.
namespace fmnist_tune {

/// System attribute of a study: a JSON list of objects, oldest first, with `until` (a time in UTC, as Optuna
/// writes it), `remarks` (what changed, a sentence each), and the `study_file` and `provenance` of up to then.
inline constexpr const char* kChangesKey = "tune:changes";

/// The list with what the study is now, up to this moment, at its end; `remarks` say what changes. A damaged
/// list begins anew.
[[nodiscard]] std::string with_change(const tune::StudyRecord& stored, const std::vector<std::string>& remarks,
                                      tune::Timestamp now);

/// A study as one of its trials knew it.
struct StudyThen {
  tune::StudyRecord study;           ///< With the study file and provenance of then.
  std::vector<std::string> changes;  ///< What changed while the trial ran; then neither of both may be right.
};

[[nodiscard]] StudyThen study_then(const tune::StudyRecord& stored, const tune::FrozenTrial& trial);

}  // namespace fmnist_tune
