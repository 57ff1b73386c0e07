#include "cli/run/run_session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "cli/output/messages.hpp"
#include "cli/run/event_log.hpp"
#include "cli/run/logging.hpp"
#include "cli/run/objective_loader.hpp"
#include "cli/run/progress.hpp"
#include "cli/run/signals.hpp"

namespace fmnist_tune {
namespace {

/// How long a second Ctrl-C may take to say that it was heard.
constexpr std::chrono::milliseconds kLastWords{100};

/// The last words before the end, past all locks and queues.
void say_ended_at_once(const Session& session, bool to_terminal) {
  const std::string text =
      fmt::format("{}fmnist-tune: ended at once; finished trials are saved; resume with: {}\n",
                  to_terminal ? "\r\x1b[K" : "", session.request().command_line);
  static_cast<void>(write_within(STDERR_FILENO, text, kLastWords));
}

Watch watch_of(const Session& session, Screen& screen, Progress& progress, spdlog::logger& log) {
  Watch watch;
  watch.on_first_signal = [&screen, &log](int) {
    screen.hurry();
    log.warn("stopping: the running trials go back into the queue; a second Ctrl-C ends at once");
  };
  watch.on_second_signal = [&session, &screen](int) { say_ended_at_once(session, screen.is_terminal()); };
  watch.on_tick = [&progress] { progress.redraw(); };
  return watch;
}

std::unique_ptr<EventLog> events_of(const RunRequest& request, const Logs& logs) {
  return request.events ? std::make_unique<EventLog>(*request.events, logs.messages) : nullptr;
}

}  // namespace

int run_session(Session& session, const ResultText& result) {
  // While this is the only thread: the environment is not protected against concurrent use.
  prepare_environment(session.config());
  Screen screen;
  const Logs logs = make_logs(screen, session.request().log);
  Progress progress(screen, logs, session.request().log.quiet);
  const auto events = events_of(session.request(), logs);
  std::atomic<bool> stop{false};
  tune::RunReport report;
  const auto signal = run_watched(
      [&] {
        report = session.run(stop, {progress, events.get(), *logs.messages});
      },
      stop, watch_of(session, screen, progress, *logs.messages));
  progress.end();
  return conclude(session, report, signal, screen, result);
}

}  // namespace fmnist_tune
