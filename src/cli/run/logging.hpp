#pragma once

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "cli/run/screen.hpp"

namespace fmnist_tune {

/// What is logged, and where to besides the screen.
struct LogRequest {
  spdlog::level::level_enum level = spdlog::level::info;
  std::optional<std::filesystem::path> file;
  bool quiet = false;  ///< Only warnings and errors on the screen; the file has all the same.
};

/// Lines with time (UTC) and level; warnings and errors are coloured on a terminal unless the environment
/// variable NO_COLOR has a value.
struct Logs {
  std::shared_ptr<spdlog::logger> messages;  ///< To the screen and the file.
  /// What a status line tells already: to the file, and to a screen without one.
  std::shared_ptr<spdlog::logger> trials;
};

/// `screen` must outlive the result. Throws tune::Error when the file cannot be written.
[[nodiscard]] Logs make_logs(Screen& screen, const LogRequest& request);

}  // namespace fmnist_tune
