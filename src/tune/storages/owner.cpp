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

/// Field 22 of /proc/PID/stat, counted from the last ')' because a program's name may hold anything; nothing
/// when there is no such process or it is a zombie, which will never write again.
std::optional<std::uint64_t> start_time_of(std::int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") {
    return std::nullopt;
  }
  constexpr int kFieldsBeforeStartTime = 18;  // 4 (ppid) to 21 (itrealvalue)
  std::string skipped;
  for (int i = 0; i < kFieldsBeforeStartTime; ++i) {
    fields >> skipped;
  }
  std::uint64_t start_time = 0;
  return fields >> start_time ? std::optional(start_time) : std::nullopt;
}

}  // namespace

Owner this_process() {
  const std::int64_t pid = getpid();
  return {host_name(), boot_id(), pid, start_time_of(pid).value_or(0)};
}

Liveness liveness(const Owner& owner) {
  if (owner.host != host_name()) {
    return Liveness::kUnknown;
  }
  if (owner.boot_id != boot_id()) {
    return Liveness::kDead;
  }
  const std::optional<std::uint64_t> start_time = start_time_of(owner.pid);
  return start_time && *start_time == owner.start_time ? Liveness::kAlive : Liveness::kDead;
}

}  // namespace tune
