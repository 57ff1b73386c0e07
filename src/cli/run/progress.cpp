#include "cli/run/progress.hpp"

#include <fmt/format.h>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "cli/output/trial_output.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

bool better(double a, double b, tune::Direction direction) {
  return direction == tune::Direction::kMaximize ? a > b : a < b;
}

/// The stored reason without its JSON quotes.
std::string reason_of(const tune::FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(tune::kReasonKey);
  if (stored == trial.system_attrs.end()) return "no reason given";
  const Json text = Json::parse(stored->second, nullptr, false);
  return printable(text.is_string() ? text.get<std::string>() : stored->second);
}

std::string duration_text(const tune::FrozenTrial& trial) {
  const auto duration = trial.duration();
  return duration ? " in " + readable(*duration) : "";
}

/// Without a feasible trial there is no best one yet.
void set_best(ProgressStart& start, const tune::Study& study) {
  try {
    const tune::FrozenTrial best = study.best_trial();
    start.best_value = best.values[0];
    start.best_number = best.number.value;
  } catch (const tune::InvalidArgument&) {
    start.best_value.reset();
  }
}

}  // namespace

std::string params_text(const tune::FrozenTrial& trial) {
  std::string text;
  for (const tune::Param& param : trial.params) {
    const tune::ParamValue value = param.external();
    const auto* number = std::get_if<double>(&value);
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", param.name,
                        number == nullptr ? printable(tune::to_text(value)) : readable(*number));
  }
  return text;
}

ProgressStart progress_start(const tune::Study& study, std::optional<std::int64_t> n_trials) {
  const auto count = [&](tune::TrialState state) { return static_cast<std::int64_t>(study.count(state)); };
  ProgressStart start;
  start.study_name = study.study_name();
  start.n_trials = n_trials;
  start.n_complete = count(tune::TrialState::kComplete);
  start.n_pruned = count(tune::TrialState::kPruned);
  start.n_fail = count(tune::TrialState::kFail);
  if (study.directions().size() != 1) return start;
  start.direction = study.directions()[0];
  if (start.n_complete > 0) set_best(start, study);
  return start;
}

Progress::Progress(Screen& screen, std::shared_ptr<spdlog::logger> log, bool quiet)
    : screen_(screen), log_(std::move(log)), quiet_(quiet) {}

void Progress::begin(const ProgressStart& start, AwaitedTrials awaited) {
  {
    const std::scoped_lock lock(mutex_);
    now_ = start;
    begun_ = true;
    awaited_ = std::move(awaited);
    started_ = std::chrono::steady_clock::now();
  }
  redraw();
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

void Progress::on_start(tune::TrialNumber, const tune::ParamValues&, const tune::DeviceSlot&) {
  const std::scoped_lock lock(mutex_);
  ++running_;
}

void Progress::on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot&) {
  std::string standing;
  {
    const std::scoped_lock lock(mutex_);
    count(trial);
    standing = finished_text() + best_text();
  }
  const auto number = trial.number.value;
  if (trial.state == tune::TrialState::kFail) log_->warn("trial {} failed: {}", number, reason_of(trial));
  if (screen_.is_terminal()) return;
  const std::string value = trial.values.empty() ? "" : " " + readable(trial.values[0]);
  log_->info("trial {} {}{}{}; {}; {}", number, tune::to_string(trial.state), value, duration_text(trial),
             standing, params_text(trial));
}

void Progress::on_wait(std::int64_t) {
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
    log_->log(trial.may_be_gone ? spdlog::level::warn : spdlog::level::info, "{}", trial.text);
  }
}

void Progress::on_requeue(tune::TrialNumber number, std::string_view reason) {
  {
    const std::scoped_lock lock(mutex_);
    --running_;
  }
  log_->info("trial {} goes back into the queue: {}", number.value, reason);
}

void Progress::on_device_out(std::string_view device, std::string_view reason) {
  log_->warn("device {} is out of service: {}", device, reason);
}

void Progress::count(const tune::FrozenTrial& trial) {
  --running_;
  ++finished_here_;
  if (trial.state == tune::TrialState::kPruned) ++now_.n_pruned;
  if (trial.state == tune::TrialState::kFail) ++now_.n_fail;
  if (trial.state != tune::TrialState::kComplete) return;
  ++now_.n_complete;
  if (now_.direction == tune::Direction::kNotSet || trial.violation() > 0) return;
  if (!now_.best_value || better(trial.values[0], *now_.best_value, now_.direction)) {
    now_.best_value = trial.values[0];
    now_.best_number = trial.number.value;
  }
}

std::int64_t Progress::finished() const {
  return now_.n_complete + now_.n_pruned + now_.n_fail;
}

std::string Progress::finished_text() const {
  return now_.n_trials ? fmt::format("{} of {} finished", finished(), *now_.n_trials)
                       : fmt::format("{} finished", finished());
}

std::string Progress::best_text() const {
  return now_.best_value ? fmt::format(", best {} (trial {})", readable(*now_.best_value), now_.best_number)
                         : "";
}

std::string Progress::pace_text() const {
  const std::chrono::duration<double, std::ratio<3600>> hours = std::chrono::steady_clock::now() - started_;
  if (finished_here_ == 0 || hours.count() <= 0) return "";
  const double an_hour = static_cast<double>(finished_here_) / hours.count();
  std::string text = fmt::format(", {:.0f} trials/h", an_hour);
  if (now_.n_trials) {
    const auto missing = static_cast<double>(std::max<std::int64_t>(0, *now_.n_trials - finished()));
    const auto left = std::chrono::duration<double>(missing / an_hour * 3600);
    text += fmt::format(", {} left", readable(std::chrono::duration_cast<std::chrono::microseconds>(left)));
  }
  return text;
}

std::string Progress::status_text() const {
  return fmt::format("{}: {} ({} done, {} pruned, {} failed; {} running){}{}", now_.study_name, finished_text(),
                     now_.n_complete, now_.n_pruned, now_.n_fail, running_, best_text(), pace_text());
}

}  // namespace fmnist_tune
