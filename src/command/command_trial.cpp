#include "command/command_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tune/error.hpp"
#include "tune/format/python_json.hpp"

namespace command {
namespace {

using End = tune::TrialResult::End;

/// How long a raised flag may go unheard while a program says nothing.
constexpr std::chrono::milliseconds kPoll{20};
/// A pipe holds a MiB at most, of which each round takes 64 KiB.
constexpr int kRoundsOfAFullPipe = 16;

tune::TrialResult pruned(std::string reason) {
  tune::TrialResult result;
  result.end = End::kPruned;
  result.reason = std::move(reason);
  return result;
}

}  // namespace

tune::TrialResult CommandTrial::run(const ProgramStart& start) {
  log_.note(fmt::format("{} {}", start.program.string(), fmt::join(start.arguments, " ")));
  ChildProcess child(start);
  follow(child);
  const ProgramEnd how = end(child);
  const std::chrono::duration<double> time = Clock::now() - begin_;
  log_.note(fmt::format("{} after {:.1f} s", how.text(), time.count()));
  if (!log_.problem().empty()) trial_.set_user_attr(kLogProblem, tune::format::python_string(log_.problem()));
  return stop_ == Stop::kNone ? ended(how) : stopped();
}

void CommandTrial::follow(ChildProcess& child) {
  const auto on_text = [this](ChildProcess::Stream stream, std::string_view text) { take(stream, text); };
  while (stop_ == Stop::kNone && !child.has_ended()) {
    child.read(kPoll, on_text);
    if (stop_ == Stop::kNone && !child.has_ended()) stop_ = stop_from_outside();
  }
  // What the program wrote before its end is all there; others of its group may go on writing.
  for (int i = 0; i < kRoundsOfAFullPipe && stop_ == Stop::kNone; ++i) {
    child.read(std::chrono::milliseconds(0), on_text);
  }
  if (const auto line = lines_.rest(); line && stop_ == Stop::kNone) hear(*line);
}

CommandTrial::Stop CommandTrial::stop_from_outside() const {
  switch (trial_.stop_reason()) {
    case tune::StopReason::kInterrupted:
      return Stop::kInterrupted;
    case tune::StopReason::kTimeLimit:
      return Stop::kTimeLimit;
    case tune::StopReason::kNone:
      break;
  }
  return rules_.timeout && Clock::now() - begin_ >= *rules_.timeout ? Stop::kTimeout : Stop::kNone;
}

void CommandTrial::take(ChildProcess::Stream stream, std::string_view text) {
  log_.write(text);
  const bool is_output = stream == ChildProcess::Stream::kOutput;
  for (std::string& line : (is_output ? lines_ : error_lines_).add(text)) {
    if (is_output && is_listening_ && stop_ == Stop::kNone) hear(line);
    if (!is_output) keep(std::move(line));
  }
}

void CommandTrial::keep(std::string error_line) {
  if (error_line.find_first_not_of(" \t\r") != std::string::npos) last_error_line_ = std::move(error_line);
}

void CommandTrial::hear(const std::string& line) {
  try {
    if (auto message = read_message(line)) obey(std::move(*message));
  } catch (const tune::FormatError& error) {
    misunderstanding_ = error.what();
    stop_ = Stop::kMisunderstood;
  }
}

void CommandTrial::obey(OutputMessage message) {
  for (auto& [name, json] : message.user_attrs) trial_.set_user_attr(name, std::move(json));
  if (message.constraints) result_.constraints = std::move(message.constraints);
  if (message.pruned) result_.pruned = std::move(message.pruned);
  if (!message.values) return;
  if (!message.step) {
    result_.values = std::move(message.values);
    return;
  }
  trial_.report(message.values->front(), *message.step);
  if (rules_.n_values == 1 && trial_.should_prune()) stop_ = Stop::kPruned;
}

/// Whoever of the group is still there is asked to end, and after the grace time made to.
ProgramEnd CommandTrial::end(ChildProcess& child) {
  const auto on_text = [this](ChildProcess::Stream stream, std::string_view text) { take(stream, text); };
  const auto is_over = [&] { return child.has_ended() && child.is_silent(); };
  is_listening_ = false;
  if (!is_over()) child.terminate();
  const auto deadline = Clock::now() + rules_.grace;
  while (!is_over() && Clock::now() < deadline) child.read(kPoll, on_text);
  if (auto line = error_lines_.rest()) keep(std::move(*line));
  return child.finish();
}

tune::TrialResult CommandTrial::stopped() const {
  switch (stop_) {
    case Stop::kPruned:
      return pruned({});
    case Stop::kTimeLimit:
      return pruned("time limit reached");
    case Stop::kTimeout:
      throw tune::Error(failure(fmt::format("the command took longer than {} s", rules_.timeout->count())));
    case Stop::kMisunderstood:
      throw tune::Error(failure(misunderstanding_));
    case Stop::kInterrupted:
    case Stop::kNone:
      break;
  }
  tune::TrialResult result;
  result.end = End::kInterrupted;
  return result;
}

tune::TrialResult CommandTrial::ended(const ProgramEnd& how) const {
  if (!how.is_success()) throw tune::Error(failure("the command " + how.text()));
  tune::TrialResult result = result_.pruned ? pruned(*result_.pruned) : tune::TrialResult{};
  result.constraints = result_.constraints.value_or(std::vector<double>{});
  if (std::any_of(result.constraints.begin(), result.constraints.end(),
                  [](double c) { return std::isnan(c); })) {
    throw tune::Error(failure("\"constraints\" in its output: expected numbers, found NaN"));
  }
  if (result_.pruned) return result;
  if (!result_.values) {
    throw tune::Error(
        failure(R"(the command said no value: expected a line like {"value": 0.83} on its standard output)"));
  }
  if (result_.values->size() != rules_.n_values) {
    throw tune::Error(failure(fmt::format("the command said {} value(s), the study has {} objective(s)",
                                          result_.values->size(), rules_.n_values)));
  }
  result.values = *result_.values;
  return result;
}

std::string CommandTrial::failure(const std::string& what) const {
  constexpr std::size_t kShown = 300;
  std::string text = what;
  if (!last_error_line_.empty())
    text += fmt::format("; its last words: {}", utf8_prefix(last_error_line_, kShown));
  if (!log_.path().empty()) text += fmt::format("; see {}", log_.path().string());
  return text;
}

}  // namespace command
