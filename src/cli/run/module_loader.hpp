#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tune/objective.hpp"

namespace fmnist_tune {

/// Where the module of an objective type (`tune_TYPE.so`) may be, seen from the folder of the program: beside
/// it, in the build tree, in an installation.
[[nodiscard]] std::vector<std::filesystem::path> module_candidates(const std::string& type,
                                                                   const std::filesystem::path& program_folder);

/// Loads the module of an objective type; it stays until the process ends, because what numeric libraries leave
/// behind (threads, handlers) must never lose its code. Call `fmnist::set_library_environment` first. Throws
/// Error that says where it looked and what to do.
[[nodiscard]] const tune::ObjectiveModule& load_module(const std::string& type);

/// Loads a module that a study file names by its path, likewise.
[[nodiscard]] const tune::ObjectiveModule& load_module_file(const std::filesystem::path& path);

}  // namespace fmnist_tune
