#include "cli/run/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "cli/command.hpp"
#include "cli/options.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

/// More threads than that on one machine are a slip of the keyboard, and would only exhaust its memory.
constexpr std::int64_t kMaxJobs = 1024;
/// A pebibyte.
constexpr std::int64_t kMaxCheckpointsMib = std::int64_t{1} << 30;

po::typed_value<std::string>* text(const char* name) {
  return po::value<std::string>()->value_name(name);
}

/// Whether a device may be called so; whether it is there the module knows, which is loaded when trials run.
bool is_device_name(std::string_view name) {
  constexpr std::string_view kCuda = "cuda:";
  if (name == "cpu") return true;
  if (!name.starts_with(kCuda) || name.size() == kCuda.size()) return false;
  return name.find_first_not_of("0123456789", kCuda.size()) == std::string_view::npos;
}

/// `auto` is an empty list.
std::vector<std::string> devices_option(const po::variables_map& values) {
  const auto text = text_option(values, "devices");
  if (!text || *text == "auto") return {};
  std::vector<std::string> devices;
  for (std::size_t begin = 0; begin <= text->size();) {
    const std::size_t end = std::min(text->find(',', begin), text->size());
    const std::string device = text->substr(begin, end - begin);
    if (!is_device_name(device) || std::find(devices.begin(), devices.end(), device) != devices.end()) {
      throw UsageError(fmt::format(
          "--devices: expected auto, cpu or a list like cuda:0,cuda:1, each device once, found \"{}\"", *text));
    }
    devices.push_back(device);
    begin = end + 1;
  }
  return devices;
}

spdlog::level::level_enum log_level_option(const po::variables_map& values) {
  const std::string text = text_option(values, "log-level").value_or("info");
  constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
  if (std::find(kLevels.begin(), kLevels.end(), text) == kLevels.end()) {
    throw UsageError(fmt::format("--log-level: expected debug, info, warning or error, found \"{}\"", text));
  }
  return spdlog::level::from_str(text);
}

}  // namespace

void add_data_option(po::options_description& options) {
  options.add_options()("data", po::value<std::string>()->value_name("DIR"),
                        "folder with the data set; default: where the system's packages put it");
}

std::string data_folder(const po::variables_map& values) {
  const std::string folder = text_option(values, "data").value_or("");
  std::error_code ignored;
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    throw UsageError(fmt::format("--data: there is no folder {}", folder));
  }
  return folder;
}

void add_device_options(po::options_description& options) {
  options.add_options()("jobs", text("N"),
                        "trials at a time over all devices; default: one a CPU core, one a GPU")(
      "devices", text("LIST"), "cpu, or cuda:0,cuda:1, or auto (default): the GPUs if there are any, else cpu")(
      "jobs-per-device", text("N"), "trials at a time on each device, instead of --jobs");
  add_data_option(options);
}

void add_checkpoint_options(po::options_description& options) {
  options.add_options()("no-checkpoints", "keep nothing of unfinished trials: an interrupted one begins anew")(
      "checkpoint-seconds", text("S"), "save a trial when more than S seconds of training would be lost (10)")(
      "max-checkpoints", text("MIB"), "most space for the checkpoints of all unfinished trials (1024)");
}

void add_log_options(po::options_description& options) {
  options.add_options()("log-level", text("LEVEL"),
                        "least level of messages that are shown: debug, info (default), warning or error")(
      "log-file", text("FILE"),
      "append messages and a line a trial to this file, too, whatever the screen shows")(
      "events", text("FILE"), "append what happens to this file as JSON lines, for other programs");
}

void read_device_options(const po::variables_map& values, RunRequest& request) {
  request.jobs = whole_number_option(values, "jobs", 1, kMaxJobs);
  request.jobs_per_device = whole_number_option(values, "jobs-per-device", 1, kMaxJobs);
  if (request.jobs && request.jobs_per_device) {
    throw UsageError("--jobs and --jobs-per-device: give one of the two");
  }
  request.devices = devices_option(values);
  request.data_dir = data_folder(values);
}

void read_log_options(const po::variables_map& values, RunRequest& request) {
  request.log.quiet = values.contains("quiet");
  request.log.level = log_level_option(values);
  if (const auto file = text_option(values, "log-file")) request.log.file = *file;
  if (const auto file = text_option(values, "events")) request.events = *file;
}

void read_checkpoint_options(const po::variables_map& values, RunRequest& request) {
  request.keep_checkpoints = !values.contains("no-checkpoints");
  request.max_checkpoints_mib = whole_number_option(values, "max-checkpoints", 1, kMaxCheckpointsMib);
  if (const auto seconds = whole_number_option(values, "checkpoint-seconds", 0, kMaxTimeoutSeconds))
    request.checkpoint_interval = std::chrono::seconds(*seconds);
  if (request.keep_checkpoints) return;
  for (const char* other : {"max-checkpoints", "checkpoint-seconds"}) {
    if (values.contains(other))
      throw UsageError(fmt::format("--no-checkpoints and --{}: give one of the two", other));
  }
}

}  // namespace fmnist_tune
