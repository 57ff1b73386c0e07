#pragma once

#include <optional>
#include <string>

#include "cli/study_file/node_reader.hpp"
#include "cli/study_file/space_reader.hpp"
#include "tune/objective.hpp"

namespace fmnist_tune {

/// Its trials are runs of programs: it has a setting that is a command.
[[nodiscard]] bool runs_programs(const tune::ObjectiveManifest& manifest);

/// The longest command of a study file.
inline constexpr std::size_t kMaxArguments = 1000;

/// Reads a program and its arguments; gives the text of an OptionKind::kCommand. What the placeholders name is
/// not looked at.
[[nodiscard]] std::optional<std::string> read_command(const Place& list);

/// Complains about placeholders of a command, read before without complaint, that name neither a parameter of
/// the space nor one of `fixed`, nor anything that every trial has.
void check_placeholders(const Place& list, const SpaceReading& reading, const tune::ParamValues& fixed);

/// Complains about parameters in `space` or `fixed` that a program cannot be told: those with the name of
/// something that every trial has, and texts with the character 0, which ends an argument.
void check_parameters_of_command(const Place& object);

}  // namespace fmnist_tune
