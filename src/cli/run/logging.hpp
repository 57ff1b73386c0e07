#pragma once

#include <spdlog/logger.h>

#include <memory>

#include "cli/run/screen.hpp"

namespace fmnist_tune {

/// A logger that writes lines with the time of day (UTC) to the screen; `quiet` leaves out everything below a
/// warning. `screen` must outlive it.
[[nodiscard]] std::shared_ptr<spdlog::logger> make_logger(Screen& screen, bool quiet);

}  // namespace fmnist_tune
