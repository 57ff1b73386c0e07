#pragma once

#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

namespace fmnist_tune {

/// The standard error as a terminal shows it: lines that stay, and below them one status line that is redrawn.
/// Without a terminal the status line is never shown. Safe from any thread.
///
/// A thread of its own writes, so no call ever waits for a full pipe or a stopped terminal. At most
/// `kMostWaiting` lines wait for it; then the oldest are dropped, and a line says how many.
class Screen {
 public:
  static constexpr std::size_t kMostWaiting = 1000;

  explicit Screen(int fd = STDERR_FILENO);
  /// Waits until everything is written; after `hurry` at most a second without progress.
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  [[nodiscard]] bool is_terminal() const;
  /// Prints a line above the status line.
  void line(const std::string& text);
  /// Replaces the status line, cut to the width of the terminal; an empty text takes it away.
  void status(const std::string& text);
  /// Waits until everything is written, as the destructor does.
  void drain();
  /// The program was told to end: from now on it does not wait for a reader who does not read.
  void hurry();

 private:
  /// Shared with the writer, which may outlive the screen inside a write that never ends.
  struct State;
  static void write_all(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
  std::thread writer_;
};

}  // namespace fmnist_tune
