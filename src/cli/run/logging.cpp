#include "cli/run/logging.hpp"

#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <string>

namespace fmnist_tune {
namespace {

class ScreenSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ScreenSink(Screen& screen) : screen_(&screen) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    const std::string_view line(text.data(), text.size());
    screen_->line(std::string(line.substr(0, line.find_last_not_of('\n') + 1)));
  }
  void flush_() override {}

 private:
  Screen* screen_;
};

}  // namespace

std::shared_ptr<spdlog::logger> make_logger(Screen& screen, bool quiet) {
  auto logger = std::make_shared<spdlog::logger>("fmnist-tune", std::make_shared<ScreenSink>(screen));
  // The Z says that it is UTC, as are all times in the storage and in answers to queries.
  logger->set_pattern("%H:%M:%SZ %l: %v", spdlog::pattern_time_type::utc);
  logger->set_level(quiet ? spdlog::level::warn : spdlog::level::info);
  return logger;
}

}  // namespace fmnist_tune
