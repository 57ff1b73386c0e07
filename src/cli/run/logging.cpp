#include "cli/run/logging.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kPlain = "\x1b[0m";

bool wants_colors(const Screen& screen) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool is_dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return screen.is_terminal() && !is_dumb && (no_color == nullptr || *no_color == '\0');
}

class ScreenSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ScreenSink(Screen& screen) : screen_(&screen), colored_(wants_colors(screen)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string line(text.data(), text.size());
    line.erase(line.find_last_not_of('\n') + 1);
    if (colored_ && message.level >= spdlog::level::warn) color(line, message);
    screen_->line(line);
  }
  void flush_() override {}

 private:
  /// The part of the pattern between %^ and %$.
  static void color(std::string& line, const spdlog::details::log_msg& message) {
    line.insert(message.color_range_end, kPlain);
    line.insert(message.color_range_start, message.level == spdlog::level::warn ? kYellow : kRed);
  }

  Screen* screen_;
  bool colored_;
};

// The Z says that it is UTC, as are all times in the storage and in answers to queries.
spdlog::sink_ptr screen_sink(Screen& screen, bool quiet) {
  auto sink = std::make_shared<ScreenSink>(screen);
  if (quiet) sink->set_level(spdlog::level::warn);
  sink->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%H:%M:%SZ %^%l%$: %v", spdlog::pattern_time_type::utc));
  return sink;
}

spdlog::sink_ptr file_sink(const std::filesystem::path& file) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l: %v",
                                                                    spdlog::pattern_time_type::utc));
    return sink;
  } catch (const spdlog::spdlog_ex& error) {
    throw tune::Error(fmt::format("--log-file: {}", error.what()));
  }
}

/// Writing to a sink failed. Only the file can: the first time is told on the screen, and once for both
/// loggers.
spdlog::err_handler tell_once(Screen& screen, const LogRequest& request) {
  const auto told = std::make_shared<std::atomic_flag>();
  return [&screen, file = request.file.value_or(""), told](const std::string& error) {
    if (!told->test_and_set())
      screen.line(fmt::format("warning: log lines are missing in {}: {}", file.string(), error));
  };
}

std::shared_ptr<spdlog::logger> logger_to(const std::vector<spdlog::sink_ptr>& sinks,
                                          spdlog::level::level_enum level,
                                          const spdlog::err_handler& on_error) {
  auto logger = std::make_shared<spdlog::logger>("fmnist-tune", sinks.begin(), sinks.end());
  logger->set_level(level);
  logger->set_error_handler(on_error);
  // What is in the file must be there when the process dies.
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

Logs make_logs(Screen& screen, const LogRequest& request) {
  std::vector<spdlog::sink_ptr> quiet;
  if (request.file) quiet.push_back(file_sink(*request.file));
  std::vector<spdlog::sink_ptr> all = quiet;
  all.push_back(screen_sink(screen, request.quiet));
  const auto on_error = tell_once(screen, request);
  return {logger_to(all, request.level, on_error),
          logger_to(screen.is_terminal() ? quiet : all, request.level, on_error)};
}

}  // namespace fmnist_tune
