#include "cli/output/messages.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace fmnist_tune {
namespace {

/// A descriptor that is ready takes so much without blocking: a pipe a page, a terminal about that.
constexpr std::size_t kPieceBytes = 256;

bool becomes_writable(int fd, std::chrono::milliseconds patience) noexcept {
  pollfd wanted{fd, POLLOUT, 0};
  int ready = 0;
  do {
    ready = poll(&wanted, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

void say(std::string_view message) noexcept {
  std::fprintf(stderr, "fmnist-tune: %.*s\n", static_cast<int>(message.size()), message.data());
}

void say_plainly(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool write_within(int fd, std::string_view text, std::chrono::milliseconds patience) noexcept {
  while (!text.empty()) {
    if (!becomes_writable(fd, patience)) return false;
    const ssize_t written = write(fd, text.data(), std::min(text.size(), kPieceBytes));
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      return false;
    }
  }
  return true;
}

void open_closed_streams() noexcept {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    // The lowest free number is taken, and that is this one: those below it are open.
    if (fcntl(fd, F_GETFD) == -1) static_cast<void>(open("/dev/null", O_RDWR));
  }
}

}  // namespace fmnist_tune
