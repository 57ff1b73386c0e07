#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>

namespace fmnist_tune {

/// What the thread that owns signals and screen does while another one works.
struct Watch {
  std::function<void(int signal)> on_first_signal;
  std::function<void(int signal)> on_second_signal;  ///< Just before the process ends at once.
  std::function<void()> on_tick;
  std::chrono::milliseconds tick{500};
};

/// Runs `work` in a thread of its own, which gets no SIGINT or SIGTERM, and waits for it in this one. The
/// first signal raises `stop` and calls the watch; a second one ends the process at once with 128 + signal
/// (nothing is lost: every storage call is a transaction). Returns the first signal, if there was one. What
/// `work` throws is rethrown after it is joined.
std::optional<int> run_watched(const std::function<void()>& work, std::atomic<bool>& stop, const Watch& watch);

}  // namespace fmnist_tune
