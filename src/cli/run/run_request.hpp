#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/run/logging.hpp"

namespace fmnist_tune {

/// What the options of `run` ask for.
struct RunRequest {
  std::filesystem::path study_file;
  std::optional<std::int64_t> trials;  ///< Finished trials the study should have; nothing: no end.
  std::optional<std::chrono::seconds> timeout;
  std::optional<std::uint64_t> seed;
  std::optional<std::int64_t> jobs;
  std::vector<std::string> devices;  ///< Empty: auto.
  std::optional<std::int64_t> jobs_per_device;
  std::optional<std::string> storage;
  std::filesystem::path data_dir;
  LogRequest log;
  std::optional<std::filesystem::path> events;  ///< JSON lines of what happens go there.
  bool keep_checkpoints = true;
  std::optional<std::int64_t> max_checkpoints_mib;  ///< Of the whole folder.
  std::optional<std::chrono::seconds> checkpoint_interval;
  std::string command_line;  ///< Quoted for a shell: the command that resumes the study.
};

}  // namespace fmnist_tune
