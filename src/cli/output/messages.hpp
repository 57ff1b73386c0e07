#pragma once

#include <chrono>
#include <string_view>

/// The only ways to the standard error. None of them throws or fails: when a message cannot be written there is
/// nobody left to tell.
namespace fmnist_tune {

/// One message with the program's name before it.
void say(std::string_view message) noexcept;

/// A text as it is.
void say_plainly(std::string_view text) noexcept;

/// Writes to a file descriptor as long as it takes text, and waits at most `patience` (-1 ms: without end) for
/// it to take more: a full pipe or a stopped terminal does not hold the caller. Returns whether all was
/// written.
bool write_within(int fd, std::string_view text, std::chrono::milliseconds patience) noexcept;

/// Opens /dev/null in place of a closed standard input, output or error, so that no file of ours gets their
/// numbers and then other people's messages.
void open_closed_streams() noexcept;

}  // namespace fmnist_tune
