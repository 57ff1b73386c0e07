#pragma once

#include <mutex>
#include <string>

namespace fmnist_tune {

/// The standard error as a terminal shows it: lines that stay, and below them one status line that is redrawn.
/// Without a terminal the status line is never shown. Safe from any thread.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  /// Prints a line above the status line.
  void line(const std::string& text);
  /// Replaces the status line, cut to the width of the terminal; an empty text takes it away.
  void status(const std::string& text);

 private:
  void erase_status();
  void draw_status();

  bool is_terminal_;
  std::mutex mutex_;
  std::string status_;
};

}  // namespace fmnist_tune
