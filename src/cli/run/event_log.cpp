#include "cli/run/event_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <system_error>

#include "cli/output/trial_output.hpp"
#include "cli/output/trial_reason.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

std::string system_text(int error) {
  return std::generic_category().message(error);
}

int open_to_append(const std::filesystem::path& file) {
  // A pipe whose reader sleeps must not hold the trials.
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
  if (descriptor < 0) {
    throw tune::Error(fmt::format("--events: cannot write {}: {}", file.string(), system_text(errno)));
  }
  return descriptor;
}

/// While it exists, a pipe without a reader is an error of this thread's writes and no signal.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutPipeSignal() {
    constexpr timespec kAtOnce{};
    while (sigtimedwait(&pipe_, nullptr, &kAtOnce) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

tune::Timestamp now() {
  return std::chrono::time_point_cast<tune::Timestamp::duration>(std::chrono::system_clock::now());
}

Json json_of(const tune::DeviceSlot& slot) {
  return {{"device", slot.device}, {"job", slot.index_on_device}};
}

Json json_of(const tune::ParamValues& params) {
  Json json = Json::object();
  for (const auto& [name, value] : params) json[name] = json_value(value);
  return json;
}

Json json_of(const std::vector<double>& values) {
  Json json = Json::array();
  for (const double value : values) json.push_back(json_number(value));
  return json;
}

Json json_of(const std::vector<tune::TrialNumber>& numbers) {
  Json json = Json::array();
  for (const tune::TrialNumber number : numbers) json.push_back(number.value);
  return json;
}

std::string_view name_of(tune::RunEnd end) {
  switch (end) {
    case tune::RunEnd::kDone:
      return "done";
    case tune::RunEnd::kExhausted:
      return "exhausted";
    case tune::RunEnd::kStagnated:
      return "stagnated";
    case tune::RunEnd::kTimeout:
      return "timeout";
    case tune::RunEnd::kInterrupted:
      return "interrupted";
    case tune::RunEnd::kNoDevice:
      return "no_device";
    case tune::RunEnd::kFailing:
      return "failing";
  }
  return "";
}

}  // namespace

EventLog::EventLog(const std::filesystem::path& file, std::shared_ptr<spdlog::logger> log)
    : file_(file), log_(std::move(log)), descriptor_(open_to_append(file)) {}

EventLog::~EventLog() {
  ::close(descriptor_);
}

void EventLog::begin(const std::string& study, const std::filesystem::path& storage, std::uint64_t seed,
                     const std::vector<tune::DeviceSlot>& slots) {
  study_ = study;
  Json all = Json::array();
  for (const tune::DeviceSlot& slot : slots) all.push_back(json_of(slot));
  write("run_began", {{"storage", storage.string()}, {"seed", seed}, {"slots", std::move(all)}});
}

void EventLog::end(const tune::RunReport& report) {
  Json facts = {{"end", name_of(report.end)},
                {"n_complete", report.n_complete},
                {"n_pruned", report.n_pruned},
                {"n_fail", report.n_fail},
                {"n_requeued", report.n_requeued}};
  if (!report.message.empty()) facts["reason"] = report.message;
  write("run_ended", facts);
}

void EventLog::on_start(tune::TrialNumber number, const tune::ParamValues& params,
                        const tune::DeviceSlot& slot) {
  write("trial_began", {{"trial", number.value}, {"slot", json_of(slot)}, {"params", json_of(params)}});
}

void EventLog::on_report(tune::TrialNumber number, tune::IntermediateValue value) {
  write("report", {{"trial", number.value}, {"step", value.step}, {"value", json_number(value.value)}});
}

void EventLog::on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot& slot) {
  Json facts = {{"trial", trial.number.value},
                {"slot", json_of(slot)},
                {"state", tune::to_string(trial.state)},
                {"values", json_of(trial.values)}};
  if (const auto duration = trial.duration())
    facts["duration_seconds"] = std::chrono::duration<double>(*duration).count();
  if (const auto reason = reason_of(trial)) facts["reason"] = *reason;
  write("trial_ended", facts);
}

void EventLog::on_wait(std::int64_t n_running) {
  write("waiting", {{"n_running", n_running}});
}

void EventLog::on_requeue(tune::TrialNumber number, std::string_view reason) {
  write_of_trial("trial_requeued", number, reason);
}

void EventLog::on_takeover(const tune::TakenOver& taken) {
  write("trials_taken_over", {{"requeued", json_of(taken.requeued)}, {"failed", json_of(taken.failed)}});
}

void EventLog::on_resume(tune::TrialNumber number, std::int64_t step) {
  write("trial_resumed", {{"trial", number.value}, {"step", step}});
}

void EventLog::on_checkpoint_refused(tune::TrialNumber number, std::string_view reason) {
  write_of_trial("checkpoint_refused", number, reason);
}

void EventLog::on_checkpoint_not_saved(tune::TrialNumber number, std::string_view reason) {
  write_of_trial("checkpoint_not_saved", number, reason);
}

void EventLog::on_lost(tune::TrialNumber number, std::string_view reason) {
  write_of_trial("trial_lost", number, reason);
}

void EventLog::on_device_out(std::string_view device, std::string_view reason) {
  write("device_out", {{"device", device}, {"reason", reason}});
}

void EventLog::write_of_trial(std::string_view event, tune::TrialNumber number, std::string_view reason) {
  write(event, {{"trial", number.value}, {"reason", reason}});
}

void EventLog::write(std::string_view event, const Json& facts) {
  if (broken_) return;
  Json line = {{"time", to_iso_text(now())}, {"event", event}, {"study", study_}};
  line.update(facts);
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const WithoutPipeSignal without_pipe_signal;
  errno = 0;
  if (::write(descriptor_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  broken_ = true;
  const int error = errno != 0 ? errno : ENOSPC;
  log_->warn("events are no longer written to {}: {}", file_.string(),
             error == EAGAIN ? "its reader does not keep up" : system_text(error));
}

}  // namespace fmnist_tune
