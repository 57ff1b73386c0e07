#include "command/trial_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "tune/error.hpp"

namespace command {
namespace {

namespace fs = std::filesystem;

std::string complaint(const fs::path& path, const std::string& why) {
  return fmt::format("cannot write the log {}: {}", path.string(), why);
}

}  // namespace

TrialLog::TrialLog(fs::path path, std::uint64_t max_bytes)
    : path_(max_bytes == 0 ? fs::path() : std::move(path)), room_bytes_(max_bytes) {
  if (path_.empty()) return;
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  if (error) throw tune::Error(complaint(path_, error.message()));
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (file_ < 0) throw tune::Error(complaint(path_, std::strerror(errno)));
}

TrialLog::~TrialLog() {
  if (file_ >= 0) ::close(file_);
}

void TrialLog::write(std::string_view text) {
  if (file_ < 0 || text.empty() || is_full_) return;
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(room_bytes_, text.size()));
  put(text.substr(0, n));
  room_bytes_ -= n;
  if (n == text.size()) return;
  is_full_ = true;
  note("what follows is beyond the limit of \"log_mib\" and not kept");
}

void TrialLog::note(std::string_view text) {
  if (file_ < 0) return;
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string line =
      fmt::format("{}# {:%F %T}Z {}\n", is_at_line_start_ ? "" : "\n", fmt::gmtime(now), text);
  put(line);
}

void TrialLog::put(std::string_view text) {
  while (!text.empty() && problem_.empty()) {
    const auto n = ::write(file_, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      problem_ = complaint(path_, std::strerror(errno));
      return;
    }
    is_at_line_start_ = text[static_cast<std::size_t>(n) - 1] == '\n';
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace command
