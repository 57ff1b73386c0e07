#include "cli/run/screen.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace fmnist_tune {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~Pipe() {
    close_writer();
    close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  /// Until nothing more goes in; returns how much did.
  std::size_t fill() const {
    const std::string piece(4096, '.');
    std::size_t filled = 0;
    fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    for (ssize_t n = 0; n >= 0; n = write(ends_[1], piece.data(), piece.size())) {
      filled += static_cast<std::size_t>(n);
    }
    fcntl(ends_[1], F_SETFL, 0);
    return filled;
  }
  /// Everything until `end` is read.
  [[nodiscard]] std::string read_until(const std::string& end) const {
    std::string text;
    std::array<char, 512> piece{};
    while (text.find(end) == std::string::npos) {
      const ssize_t n = read(ends_[0], piece.data(), piece.size());
      if (n <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST(Screen, WritesLinesInOrder) {
  Pipe pipe;
  Screen screen(pipe.writer());
  screen.line("first");
  screen.line("second");
  screen.drain();
  EXPECT_EQ(pipe.read_until("second\n"), "first\nsecond\n");
}

TEST(Screen, NeverHoldsItsCallerWhenNobodyReadsAndSaysHowManyLinesItDropped) {
  Pipe pipe;
  pipe.fill();
  Screen screen(pipe.writer());
  const std::size_t n_lines = 3 * Screen::kMostWaiting;
  for (std::size_t i = 0; i < n_lines; ++i) screen.line(fmt::format("line {}.", i));
  const std::string text = pipe.read_until(fmt::format("line {}.\n", n_lines - 1));
  EXPECT_NE(text.find("lines are left out here"), std::string::npos);
  EXPECT_EQ(text.find("line 1500.\n"), std::string::npos);
  EXPECT_NE(text.find("line 2500.\n"), std::string::npos);
}

TEST(Screen, InAHurryEndsThoughNobodyReads) {
  Pipe pipe;
  const std::size_t filled = pipe.fill();
  auto screen = std::make_unique<Screen>(pipe.writer());
  screen->line("lost");
  screen->hurry();
  screen.reset();
  // The writer still waits; it must not find another file under the number of the pipe.
  EXPECT_EQ(pipe.read_until("lost\n").find("lost"), filled);
}

TEST(Screen, OutlivesAReaderWhoGoesAway) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(pipe(ends.data()), 0);
  close(ends[0]);
  {
    Screen screen(ends[1]);
    screen.line("lost");
    screen.drain();
  }
  close(ends[1]);
}

TEST(Screen, ShowsNoStatusLineWithoutATerminal) {
  Pipe pipe;
  Screen screen(pipe.writer());
  screen.status("3 of 7");
  screen.line("line");
  screen.drain();
  EXPECT_EQ(pipe.read_until("line\n"), "line\n");
}

}  // namespace
}  // namespace fmnist_tune
