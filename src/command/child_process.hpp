#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// What to start.
struct ProgramStart {
  std::filesystem::path program;                   ///< Absolute; no search, no shell.
  std::vector<std::string> arguments;              ///< Without the program itself.
  std::filesystem::path folder;                    ///< Where it works.
  std::map<std::string, std::string> environment;  ///< On top of this process's own.
};

/// How a program ended.
struct ProgramEnd {
  int status = 0;        ///< Exit status, when no signal ended it.
  int signal = 0;        ///< 0: it ended by itself.
  bool is_known = true;  ///< False when somebody else has taken the answer.

  [[nodiscard]] bool is_success() const { return is_known && status == 0 && signal == 0; }
  /// "exited with status 3", "was ended by signal 9 (Killed)".
  [[nodiscard]] std::string text() const;
};

/// A running program in a process group of its own, with an empty input and pipes for its two outputs. It gets
/// none of this process's files (from Linux 5.11 on), and no blocked or ignored signals; it is killed with this
/// process. Whatever it has started is of its group, unless that leaves the group on purpose. Used by one
/// thread, which must outlive it.
class ChildProcess {
 public:
  enum class Stream { kOutput, kErrors };
  using OnText = std::function<void(Stream, std::string_view)>;

  /// Throws Error when the program cannot be started. Where this process ignores SIGCHLD that ends here: the
  /// kernel would keep to itself how the program ended.
  explicit ChildProcess(const ProgramStart& start);
  /// Kills the group.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const;
  /// Waits at most so long for output and hands over what is there.
  void read(std::chrono::milliseconds wait, const OnText& on_text);
  /// Nobody can write any more: the program and all to whom it handed its outputs have closed them.
  [[nodiscard]] bool is_silent() const;
  /// The program itself has ended; others of its group may go on.
  [[nodiscard]] bool has_ended();
  /// Asks the whole group to end.
  void terminate();
  /// Kills what is left of the group, and says how the program ended.
  ProgramEnd finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace command
