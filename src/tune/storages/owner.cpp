#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tune/storages/storage.hpp"

namespace tune {
namespace {

std::string host_name() {
  std::array<char, 256> buffer{};
  return gethostname(buffer.data(), buffer.size() - 1) == 0 ? std::string(buffer.data()) : "localhost";
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::uint64_t pid_namespace() {
  struct stat facts {};
  return stat("/proc/self/ns/pid", &facts) == 0 ? facts.st_ino : 0;
}

/// What /proc/PID/stat says of a process.
struct ProcessState {
  bool has_ended = false;  ///< A zombie, which will never write again.
  std::uint64_t start_time = 0;
};

/// Fields 3 and 22, counted from the last ')' because a program's name may hold anything; nothing when the file
/// cannot be read.
std::optional<ProcessState> state_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(text.substr(name_end + 1));
  std::string letter;
  fields >> letter;
  constexpr int kFieldsBeforeStartTime = 18;  // 4 (ppid) to 21 (itrealvalue)
  std::string skipped;
  for (int i = 0; i < kFieldsBeforeStartTime; ++i) {
    fields >> skipped;
  }
  ProcessState state{letter == "Z" || letter == "X", 0};
  return fields >> state.start_time ? std::optional(state) : std::nullopt;
}

bool is_gone(std::int64_t pid) {
  return pid <= 0 || (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH);
}

}  // namespace

Owner this_process() {
  const std::int64_t pid = getpid();
  return {host_name(), boot_id(), pid, state_of(pid).value_or(ProcessState{}).start_time, pid_namespace()};
}

Liveness liveness(const Owner& owner) {
  if (owner.host != host_name()) {
    return Liveness::kUnknown;
  }
  const std::string now_booted = boot_id();
  if (now_booted.empty() || owner.boot_id.empty()) {
    return Liveness::kUnknown;
  }
  if (owner.boot_id != now_booted) {
    return Liveness::kDead;
  }
  if (owner.pid_namespace == 0 || owner.pid_namespace != pid_namespace()) {
    return Liveness::kUnknown;
  }
  if (is_gone(owner.pid)) {
    return Liveness::kDead;
  }
  const std::optional<ProcessState> found = state_of(owner.pid);
  if (!found || owner.start_time == 0) {
    return Liveness::kUnknown;
  }
  const bool is_same = !found->has_ended && found->start_time == owner.start_time;
  return is_same ? Liveness::kAlive : Liveness::kDead;
}

}  // namespace tune
