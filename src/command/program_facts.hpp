#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"

namespace command {

/// The program that a command names: a path, from `folder` on when it is relative, or a name that is looked for
/// in the folders of PATH. Absolute. Throws Error with what to do when there is none that can be run.
[[nodiscard]] std::filesystem::path find_program(const std::string& name, const std::filesystem::path& folder);

/// CRC-32 of a file in eight hexadecimal digits; nothing for what is no file, cannot be read or has more than
/// 64 MiB.
[[nodiscard]] std::optional<std::string> file_checksum(const std::filesystem::path& path);

/// Facts worth keeping with a study: the program, and checksums of the files that the command names (a script,
/// a data file; of up to 64 MiB). Name → JSON text.
[[nodiscard]] tune::Attributes program_facts(const std::filesystem::path& program,
                                             const std::vector<std::string>& command,
                                             const std::filesystem::path& folder,
                                             const std::vector<std::string>& devices);

}  // namespace command
