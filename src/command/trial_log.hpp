#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace command {

/// The output of a trial's program, in a file. Attempts at one trial follow one another; what goes beyond the
/// limit is left out, and the log says so. A log that cannot be written any more ends there: no trial fails for
/// it. Used by one thread; other processes may write the same file.
class TrialLog {
 public:
  /// Nothing is kept with an empty path or no bytes. Makes the folders. Throws Error when that fails.
  TrialLog(std::filesystem::path path, std::uint64_t max_bytes);
  ~TrialLog();
  TrialLog(const TrialLog&) = delete;
  TrialLog& operator=(const TrialLog&) = delete;

  void write(std::string_view text);
  /// A line of ours between those of the program; always written.
  void note(std::string_view text);

  /// Why the log ends early; empty while all could be written.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Empty when nothing is kept.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void put(std::string_view text);

  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t room_bytes_ = 0;
  bool is_full_ = false;
  bool is_at_line_start_ = true;
  std::string problem_;
};

}  // namespace command
