#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

namespace fmnist_tune {

/// A terminal that is closed hangs up; under nohup that is ignored, and stays so.
[[nodiscard]] bool hang_up_is_ignored();

/// What the thread that owns the signals does while another one works. Nothing of it may wait for a lock that
/// is held during slow work, or for whoever reads the output: then no signal would be heard.
struct Watch {
  std::function<void(int signal)> on_first_signal;
  std::function<void(int signal)> on_second_signal;  ///< Just before the process ends at once.
  std::function<void()> on_tick;
  std::chrono::milliseconds tick{500};
};

/// Runs `work` in a thread of its own, which gets no SIGINT, SIGTERM or SIGHUP, and waits for it in this one.
/// The first signal raises `stop` and calls the watch; a second one (other than a repeated SIGHUP) ends the
/// process at once with 128 + signal (nothing is lost: every storage call is a transaction). Returns the first
/// signal, if there was one. What `work` throws is rethrown after it is joined.
std::optional<int> run_watched(const std::function<void()>& work, std::atomic<bool>& stop, const Watch& watch);

}  // namespace fmnist_tune
