#include "cli/run/progress.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output/table.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/output/trial_reason.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

/// The values in the order of the objectives, or why there are none.
std::string outcome_text(const tune::FrozenTrial& trial) {
  std::string values;
  for (const double value : trial.values) values += (values.empty() ? " " : ", ") + readable(value);
  if (!values.empty()) return values;
  const auto reason = reason_of(trial);
  return reason ? " (" + *reason + ")" : "";
}

std::string duration_text(const tune::FrozenTrial& trial) {
  const auto duration = trial.duration();
  return duration ? " in " + readable(*duration) : "";
}

}  // namespace

std::string params_text(const tune::ParamValues& params) {
  std::string text;
  for (const auto& [name, value] : params) {
    const auto* number = std::get_if<double>(&value);
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name,
                        number == nullptr ? printable(tune::to_text(value)) : readable(*number));
  }
  return text;
}

std::string params_text(const tune::FrozenTrial& trial) {
  tune::ParamValues params;
  for (const tune::Param& param : trial.params) params[param.name] = param.external();
  return params_text(params);
}

Progress::Progress(Screen& screen, Logs logs, bool quiet)
    : screen_(screen), logs_(std::move(logs)), quiet_(quiet) {}

void Progress::begin(Look look, AwaitedTrials awaited) {
  {
    const std::scoped_lock lock(mutex_);
    look_ = std::move(look);
    awaited_ = std::move(awaited);
    started_ = std::chrono::steady_clock::now();
  }
  look_again();
  {
    const std::scoped_lock lock(mutex_);
    finished_before_ = now_.finished();
    begun_ = true;
  }
  redraw();
}

void Progress::look_again() {
  Look look;
  {
    const std::scoped_lock lock(mutex_);
    look = look_;
  }
  if (!look) return;
  try {
    const StudyTally now = look();
    const std::scoped_lock lock(mutex_);
    now_ = now;
  } catch (const tune::Error&) {
    // What was known stays on show: the run itself will meet a broken storage and say so.
  }
}

void Progress::redraw() {
  if (quiet_ || !screen_.is_terminal()) return;
  std::string text;
  {
    const std::scoped_lock lock(mutex_);
    if (begun_) text = status_text();
  }
  screen_.status(text);
}

void Progress::end() {
  screen_.status("");
}

void Progress::on_start(tune::TrialNumber number, const tune::ParamValues& params,
                        const tune::DeviceSlot& slot) {
  if (screen_.is_terminal()) look_again();
  logs_.trials->debug("trial {} begins on {}, job {}: {}", number.value, slot.device, slot.index_on_device,
                      params_text(params));
}

void Progress::on_report(tune::TrialNumber number, tune::IntermediateValue value) {
  if (screen_.is_terminal()) look_again();
  logs_.trials->debug("trial {} reports {} at step {}", number.value, readable(value.value), value.step);
}

void Progress::on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot&) {
  look_again();
  std::string standing;
  {
    const std::scoped_lock lock(mutex_);
    ++finished_here_;
    standing = finished_text() + best_text();
  }
  const auto number = trial.number.value;
  if (trial.state == tune::TrialState::kFail)
    logs_.messages->warn("trial {} failed: {}", number, reason_of(trial).value_or("no reason given"));
  logs_.trials->info("trial {} {}{}{}; {}; {}", number, tune::to_string(trial.state), outcome_text(trial),
                     duration_text(trial), standing, params_text(trial));
}

void Progress::on_wait(std::int64_t) {
  look_again();
  AwaitedTrials ask;
  {
    const std::scoped_lock lock(mutex_);
    ask = awaited_;
  }
  if (!ask) return;
  // Asked without the lock: it reads the storage, and the status line must not stand still for that.
  for (const AwaitedTrial& trial : ask()) {
    {
      const std::scoped_lock lock(mutex_);
      if (!told_of_.insert(trial.number).second) continue;
    }
    logs_.messages->log(trial.may_be_gone ? spdlog::level::warn : spdlog::level::info, "{}", trial.text);
  }
}

void Progress::on_requeue(tune::TrialNumber number, std::string_view reason) {
  if (screen_.is_terminal()) look_again();
  logs_.messages->info("trial {} goes back into the queue: {}", number.value, reason);
}

void Progress::on_takeover(const tune::TakenOver& taken) {
  logs_.messages->info("{}", takeover_text(taken));
}

void Progress::on_lost(tune::TrialNumber number, std::string_view) {
  if (screen_.is_terminal()) look_again();
  logs_.messages->info(
      "trial {} was ended or taken over by another process; what was computed of it here does not count",
      number.value);
}

void Progress::on_resume(tune::TrialNumber number, std::int64_t step) {
  logs_.messages->info("trial {} goes on from its checkpoint in epoch {}", number.value, step + 1);
}

void Progress::on_checkpoint_refused(tune::TrialNumber number, std::string_view reason) {
  logs_.messages->warn("trial {} begins anew, its checkpoint cannot be used: {}", number.value, reason);
}

void Progress::on_checkpoint_not_saved(tune::TrialNumber number, std::string_view reason) {
  logs_.messages->warn("trial {} goes on, but a checkpoint of it could not be saved: {}; said once a run",
                       number.value, reason);
}

void Progress::on_device_out(std::string_view device, std::string_view reason) {
  logs_.messages->warn("device {} is out of service: {}", device, reason);
}

std::string Progress::finished_text() const {
  return now_.n_trials ? fmt::format("{} of {} finished", now_.finished(), *now_.n_trials)
                       : fmt::format("{} finished", now_.finished());
}

std::string Progress::best_text() const {
  return now_.best_value ? fmt::format(", best {} (trial {})", readable(*now_.best_value), now_.best_number)
                         : "";
}

/// The rate is that of this process; the time left counts what all of them finish.
std::string Progress::pace_text() const {
  const std::chrono::duration<double, std::ratio<3600>> hours = std::chrono::steady_clock::now() - started_;
  if (finished_here_ == 0 || hours.count() <= 0) return "";
  std::string text = fmt::format(", {:.0f} trials/h", static_cast<double>(finished_here_) / hours.count());
  const std::int64_t finished_by_all = now_.finished() - finished_before_;
  if (now_.n_trials && finished_by_all > 0) {
    const auto missing = static_cast<double>(std::max<std::int64_t>(0, *now_.n_trials - now_.finished()));
    const auto left = missing / static_cast<double>(finished_by_all) * hours;
    text += fmt::format(", {} left", readable(std::chrono::duration_cast<std::chrono::microseconds>(left)));
  }
  return text;
}

std::string Progress::status_text() const {
  return fmt::format("{}: {} ({} done, {} pruned, {} failed; {} running){}{}", now_.study_name, finished_text(),
                     now_.n_complete, now_.n_pruned, now_.n_fail, now_.n_running, best_text(), pace_text());
}

}  // namespace fmnist_tune
