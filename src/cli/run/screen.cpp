#include "cli/run/screen.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "cli/output/messages.hpp"
#include "cli/output/table.hpp"

namespace fmnist_tune {
namespace {

constexpr std::size_t kUsualWidth = 80;
constexpr const char* kEraseLine = "\r\x1b[K";
/// Poll's word for no time limit.
constexpr std::chrono::milliseconds kForever{-1};
constexpr std::chrono::seconds kPatienceInHurry{1};

std::size_t terminal_width(int fd) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsualWidth;
}

/// A thread that gets no signals: they are for those who handle them.
template <typename Work>
std::thread thread_without_signals(Work work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

struct Screen::State {
  explicit State(int file) : fd(file), is_terminal(isatty(file) != 0) {}

  [[nodiscard]] bool has_work() const { return !lines.empty() || n_dropped > 0 || status != shown; }

  /// What is to be written next, which then counts as written. Needs the lock.
  std::string take() {
    std::string text = shown.empty() ? "" : kEraseLine;
    shown.clear();
    if (n_dropped > 0) {
      text +=
          fmt::format("({} lines are left out here: the output was not read)\n", std::exchange(n_dropped, 0));
    } else if (!lines.empty()) {
      text += lines.front() + "\n";
      lines.pop_front();
    }
    if (!lines.empty()) return text;
    shown = status;
    return text + shown;
  }

  const int fd;
  const bool is_terminal;
  std::mutex mutex;  ///< Guards what follows. Never held during a write.
  std::condition_variable changed;
  std::deque<std::string> lines;
  std::size_t n_dropped = 0;
  std::string status;  ///< What the status line should be,
  std::string shown;   ///< and what it is.
  std::uint64_t n_written = 0;
  std::optional<std::uint64_t> stuck_at;  ///< As many were written when a wait in a hurry was given up.
  bool writing = false;
  bool hurried = false;
  bool closing = false;
};

Screen::Screen(int fd)
    : state_(std::make_shared<State>(fd)),
      writer_(thread_without_signals([state = state_] { write_all(state); })) {}

Screen::~Screen() {
  status("");
  drain();
  bool stuck = false;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->closing = true;
    stuck = state_->writing;
  }
  state_->changed.notify_all();
  if (stuck) {
    writer_.detach();
  } else {
    writer_.join();
  }
}

bool Screen::is_terminal() const {
  return state_->is_terminal;
}

void Screen::line(const std::string& text) {
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->lines.size() == kMostWaiting) {
      state_->lines.pop_front();
      ++state_->n_dropped;
    }
    state_->lines.push_back(text);
  }
  state_->changed.notify_all();
}

void Screen::status(const std::string& text) {
  if (!state_->is_terminal) return;
  // One column stays free: writing into the last one makes some terminals begin a new line.
  const std::string fitting = cut(printable(text), terminal_width(state_->fd) - 1);
  {
    const std::scoped_lock lock(state_->mutex);
    state_->status = fitting;
  }
  state_->changed.notify_all();
}

void Screen::drain() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const auto is_idle = [&] { return !state.writing && !state.has_work(); };
  while (!is_idle()) {
    const std::uint64_t before = state.n_written;
    const auto moved = [&] { return is_idle() || state.n_written != before; };
    if (!state.hurried) {
      state.changed.wait(lock, [&] { return moved() || state.hurried; });
    } else if (state.stuck_at == before || !state.changed.wait_for(lock, kPatienceInHurry, moved)) {
      state.stuck_at = before;
      return;
    }
  }
}

void Screen::hurry() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->hurried = true;
  }
  state_->changed.notify_all();
}

void Screen::write_all(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->changed.wait(lock, [&] { return state->has_work() || state->closing; });
    if (state->closing) return;
    const std::string text = state->take();
    state->writing = true;
    lock.unlock();
    static_cast<void>(write_within(state->fd, text, kForever));
    lock.lock();
    state->writing = false;
    ++state->n_written;
    state->changed.notify_all();
  }
}

}  // namespace fmnist_tune
