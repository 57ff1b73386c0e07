#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/run/screen.hpp"
#include "cli/run/session.hpp"
#include "tune/executor.hpp"

namespace fmnist_tune {

/// 0 when the study has all its trials, even if a signal came after the last one, or when the time was up; 128
/// + signal when a signal cut the run short; 1 when trials or devices failed.
[[nodiscard]] int exit_code(tune::RunEnd end, std::optional<int> signal);

/// ` --study=NAME` for a command that is told to a person: without it none finds its study in a file that has
/// several.
[[nodiscard]] std::string study_argument(tune::SqliteReader& reader, const std::string& name);

/// What a command prints of the study when its trials have run.
using ResultText = std::function<std::string(const Session&)>;

/// Counts of the trials, the best one and what to do next.
[[nodiscard]] std::string run_result_text(const Session& session);

/// Prints how the run ended and its result; returns the exit code. After a signal it does not wait for a reader
/// who does not read.
[[nodiscard]] int conclude(const Session& session, const tune::RunReport& report, std::optional<int> signal,
                           Screen& screen, const ResultText& result_text);

/// Prints that every trial is there already; returns the exit code.
[[nodiscard]] int conclude_without_run(const Session& session, const Standing& standing);

/// Prints that the study has ended by its limit on stagnation; returns the exit code.
[[nodiscard]] int conclude_stagnated(const Session& session);

}  // namespace fmnist_tune
