#include "cli/run/screen.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "cli/output/table.hpp"

namespace fmnist_tune {
namespace {

constexpr std::size_t kUsualWidth = 80;

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualWidth;
}

}  // namespace

Screen::Screen() : is_terminal_(isatty(STDERR_FILENO) != 0) {}

Screen::~Screen() {
  erase_status();
}

void Screen::line(const std::string& text) {
  const std::scoped_lock lock(mutex_);
  erase_status();
  fmt::print(stderr, "{}\n", text);
  draw_status();
}

void Screen::status(const std::string& text) {
  if (!is_terminal_) return;
  const std::scoped_lock lock(mutex_);
  erase_status();
  // One column stays free: writing into the last one makes some terminals begin a new line.
  status_ = cut(printable(text), terminal_width() - 1);
  draw_status();
}

void Screen::erase_status() {
  if (!status_.empty()) fmt::print(stderr, "\r\x1b[K");
}

void Screen::draw_status() {
  if (status_.empty()) return;
  fmt::print(stderr, "{}", status_);
  std::fflush(stderr);
}

}  // namespace fmnist_tune
