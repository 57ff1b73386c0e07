#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "command/child_process.hpp"
#include "command/output_message.hpp"
#include "command/trial_log.hpp"
#include "tune/objective.hpp"

namespace command {

struct TrialRules {
  std::size_t n_values = 1;  ///< Objectives of the study.
  std::optional<std::chrono::duration<double>> timeout{};
  std::chrono::duration<double> grace{5.0};
};

/// The user attribute of a trial whose log is not whole: why.
inline constexpr const char* kLogProblem = "log_problem";

/// One attempt at a trial: a program from its start to the end of its last process.
class CommandTrial {
 public:
  CommandTrial(tune::TrialContext& trial, const TrialRules& rules, TrialLog& log)
      : trial_(trial), rules_(rules), log_(log) {}

  /// What became of the trial. Throws Error when it is FAIL: the program cannot be started, ends with another
  /// status than 0 or by a signal, takes too long, says no values or what cannot be understood.
  tune::TrialResult run(const ProgramStart& start);

 private:
  using Clock = std::chrono::steady_clock;

  /// Why the program is asked to end before it does so by itself.
  enum class Stop { kNone, kPruned, kInterrupted, kTimeLimit, kTimeout, kMisunderstood };

  void follow(ChildProcess& child);
  [[nodiscard]] Stop stop_from_outside() const;
  void take(ChildProcess::Stream stream, std::string_view text);
  void keep(std::string error_line);
  void hear(const std::string& line);
  void obey(OutputMessage message);
  ProgramEnd end(ChildProcess& child);
  [[nodiscard]] tune::TrialResult stopped() const;
  [[nodiscard]] tune::TrialResult ended(const ProgramEnd& how) const;
  [[nodiscard]] std::string failure(const std::string& what) const;

  tune::TrialContext& trial_;
  const TrialRules& rules_;
  TrialLog& log_;
  Clock::time_point begin_ = Clock::now();
  Stop stop_ = Stop::kNone;
  LineBuffer lines_;
  LineBuffer error_lines_;
  std::string last_error_line_;
  std::string misunderstanding_;
  bool is_listening_ = true;  ///< What comes after the program's end is only kept.
  OutputMessage result_;      ///< What was said last; its step is not used.
};

}  // namespace command
