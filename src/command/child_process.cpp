#include "command/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/environment.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/io.hpp>
#include <boost/process/posix.hpp>
#include <boost/process/start_dir.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

#include "tune/error.hpp"

namespace command {
namespace {

namespace bp = boost::process;

/// How often it is looked at whether a program that has closed its outputs has ended.
constexpr std::chrono::milliseconds kNap{2};

/// The end of a pipe, closed with it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

/// Closed in every program that is started, but for the ends that it is given.
class Pipe {
 public:
  Pipe() : Pipe(make()) {}

  Descriptor reading;
  Descriptor writing;

 private:
  explicit Pipe(const std::array<int, 2>& ends) : reading(ends[0]), writing(ends[1]) {
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  static std::array<int, 2> make() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw tune::Error(fmt::format("no pipe: {}", std::strerror(errno)));
    return ends;
  }
};

/// Runs between fork and exec, where only what is safe in a signal handler may be called.
struct Separate : bp::extend::handler {
  pid_t parent = ::getpid();

  template <typename Executor>
  void on_exec_setup(Executor&) const noexcept {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Too late for the line above: the parent is gone already.
    if (::getppid() != parent) ::_exit(1);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    // Only marked: the pipe by which Boost learns of a failed exec is still needed.
    ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  }
};

/// One program is started at a time: between the two steps in which Boost makes a pipe of its own and marks it
/// to be closed, another one would inherit it.
std::mutex& start_mutex() {
  static std::mutex mutex;
  return mutex;
}

/// A process may be born with SIGCHLD ignored; the kernel then waits for its children itself.
void keep_ends_of_children() {
  struct sigaction current {};
  if (::sigaction(SIGCHLD, nullptr, &current) == 0 && current.sa_handler == SIG_IGN) ::signal(SIGCHLD, SIG_DFL);
}

bp::environment environment_with(const std::map<std::string, std::string>& additions) {
  bp::environment environment = boost::this_process::environment();
  for (const auto& [name, value] : additions) environment[name] = value;
  return environment;
}

bp::child started(const ProgramStart& start, const Pipe& output, const Pipe& errors) {
  std::error_code error;
  // Boost takes no notice of a folder that is not there, and starts the program elsewhere.
  if (!std::filesystem::is_directory(start.folder, error)) {
    throw tune::Error(
        fmt::format("cannot start {}: there is no folder {}", start.program.string(), start.folder.string()));
  }
  const std::scoped_lock lock(start_mutex());
  keep_ends_of_children();
  bp::child child(bp::exe = start.program.string(), bp::args = start.arguments,
                  bp::start_dir = start.folder.string(), environment_with(start.environment),
                  bp::std_in < bp::null, bp::posix::fd.bind(STDOUT_FILENO, output.writing.number()),
                  bp::posix::fd.bind(STDERR_FILENO, errors.writing.number()), Separate{}, error);
  if (error) {
    throw tune::Error(fmt::format("cannot start {}: {}", start.program.string(), error.message()));
  }
  return child;
}

}  // namespace

std::string ProgramEnd::text() const {
  if (!is_known) return "ended, and the system does not tell how";
  if (signal == 0) return fmt::format("exited with status {}", status);
  return fmt::format("was ended by signal {} ({})", signal, ::strsignal(signal));
}

class ChildProcess::Impl {
 public:
  explicit Impl(const ProgramStart& start) : child_(started(start, output_, errors_)), pid_(child_.id()) {
    // Waited for here, so that its number stays its own until its group is gone.
    child_.detach();
    output_.writing.close();
    errors_.writing.close();
  }
  ~Impl() { static_cast<void>(finish()); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_silent() const { return !output_.reading.is_open() && !errors_.reading.is_open(); }

  void read(std::chrono::milliseconds wait, const OnText& on_text) {
    if (is_silent()) {
      std::this_thread::sleep_for(std::min(wait, kNap));
      return;
    }
    // A closed one has the number -1, which poll skips.
    std::array<pollfd, 2> waiting{
        {{output_.reading.number(), POLLIN, 0}, {errors_.reading.number(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(wait.count())) <= 0) return;
    if (waiting[0].revents != 0) take(output_.reading, Stream::kOutput, on_text);
    if (waiting[1].revents != 0) take(errors_.reading, Stream::kErrors, on_text);
  }

  [[nodiscard]] bool has_ended() const {
    if (is_over_) return true;
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0)
      return errno == ECHILD;
    return info.si_pid == pid_;
  }

  void signal_group(int signal) const {
    if (!is_over_) ::kill(-pid_, signal);
  }

  ProgramEnd finish() {
    if (is_over_) return end_;
    signal_group(SIGKILL);
    int status = 0;
    pid_t waited = 0;
    do {
      waited = ::waitpid(pid_, &status, 0);
    } while (waited < 0 && errno == EINTR);
    is_over_ = true;
    end_ = WIFSIGNALED(status) ? ProgramEnd{0, WTERMSIG(status)} : ProgramEnd{WEXITSTATUS(status), 0};
    end_.is_known = waited == pid_;
    return end_;
  }

 private:
  static void take(Descriptor& from, Stream stream, const OnText& on_text) {
    std::array<char, 65536> bytes{};
    const auto n = ::read(from.number(), bytes.data(), bytes.size());
    if (n > 0) on_text(stream, {bytes.data(), static_cast<std::size_t>(n)});
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) from.close();
  }

  Pipe output_;
  Pipe errors_;
  bp::child child_;
  pid_t pid_;
  bool is_over_ = false;
  ProgramEnd end_;
};

ChildProcess::ChildProcess(const ProgramStart& start) : impl_(std::make_unique<Impl>(start)) {}
ChildProcess::~ChildProcess() = default;

pid_t ChildProcess::pid() const {
  return impl_->pid();
}
void ChildProcess::read(std::chrono::milliseconds wait, const OnText& on_text) {
  impl_->read(wait, on_text);
}
bool ChildProcess::is_silent() const {
  return impl_->is_silent();
}
bool ChildProcess::has_ended() {
  return impl_->has_ended();
}
void ChildProcess::terminate() {
  impl_->signal_group(SIGTERM);
}
ProgramEnd ChildProcess::finish() {
  return impl_->finish();
}

}  // namespace command
