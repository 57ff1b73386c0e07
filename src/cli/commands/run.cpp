#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/output/messages.hpp"
#include "cli/registry.hpp"
#include "cli/run/logging.hpp"
#include "cli/run/progress.hpp"
#include "cli/run/session.hpp"
#include "cli/run/signals.hpp"
#include "cli/run/summary.hpp"
#include "cli/shell_text.hpp"
#include "fmnist/environment.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

/// More threads than that on one machine are a slip of the keyboard, and would only exhaust its memory.
constexpr std::int64_t kMaxJobs = 1024;
/// Ten years: far from where adding to the time of day overflows.
constexpr std::int64_t kMaxTimeoutSeconds = std::int64_t{10} * 365 * 24 * 3600;
/// A pebibyte.
constexpr std::int64_t kMaxCheckpointsMib = std::int64_t{1} << 30;
/// How long a second Ctrl-C may take to say that it was heard.
constexpr std::chrono::milliseconds kLastWords{100};

const CommandHelp kHelp = {
    "fmnist-tune [run] STUDY.json [options]",
    "Runs the trials of a study file and keeps them in a SQLite file, in Optuna's format. The same command "
    "goes\n"
    "on where it was interrupted, by Ctrl-C, kill or power cut, and does nothing when all trials are there.\n"
    "Several processes may run one study at once. Without --trials it runs until --timeout, Ctrl-C, or until "
    "the\n"
    "sampler has no further point.\n"
    "\n"
    "Exit codes: 0 done (also when the time was up), 1 failed, 2 wrong usage or invalid study file, 128 + the\n"
    "signal when one cut the run short: 130 for Ctrl-C, 143 for SIGTERM, 129 for a closed terminal; all is "
    "saved.",
    "  fmnist-tune studies/mlp.json --trials 200\n"
    "  fmnist-tune run studies/mlp.json --trials 200 --jobs 4 --timeout 3600 --storage results/mlp.db\n"
    "  fmnist-tune studies/mlp.json --trials 200 --devices cuda:0,cuda:1 --jobs-per-device 2"};

po::options_description own_options() {
  po::options_description options("Options");
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()("trials", text("N"), "finished trials (COMPLETE, PRUNED, FAIL) the study should have")(
      "timeout", text("SECONDS"),
      "start no trial after this time; trials may be missing then, and the exit code is 0 all the same")(
      "seed", text("S"), "seed of a new study, instead of the study file's; a study keeps its seed")(
      "jobs", text("N"), "trials at a time over all devices; default: one a CPU core, one a GPU")(
      "devices", text("LIST"), "cpu, or cuda:0,cuda:1, or auto (default): the GPUs if there are any, else cpu")(
      "jobs-per-device", text("N"), "trials at a time on each device, instead of --jobs")(
      "data", text("DIR"), "folder with the data set; default: where the system's packages put it")(
      "no-checkpoints", "keep nothing of unfinished trials: an interrupted one begins anew")(
      "checkpoint-seconds", text("S"), "save a trial when more than S seconds of training would be lost (10)")(
      "max-checkpoints", text("MIB"), "most space for the checkpoints of all unfinished trials (1024)")(
      "quiet", "no progress and no summary, only warnings and errors");
  add_storage_option(options);
  return options;
}

std::optional<std::uint64_t> seed_option(const po::variables_map& values) {
  const auto text = text_option(values, "seed");
  if (!text) return std::nullopt;
  std::uint64_t seed = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, seed);
  if (error != std::errc() || stop != end) {
    throw UsageError(
        fmt::format("--seed: expected a whole number from 0 to 18446744073709551615, found \"{}\"", *text));
  }
  return seed;
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

std::string data_option(const po::variables_map& values) {
  const std::string folder = text_option(values, "data").value_or("");
  std::error_code ignored;
  if (!folder.empty() && !std::filesystem::is_directory(folder, ignored)) {
    throw UsageError(fmt::format("--data: there is no folder {}", folder));
  }
  return folder;
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

RunRequest request_from(const po::variables_map& values, const Invocation& invocation) {
  const auto file = text_option(values, "STUDY.json");
  if (!file) throw UsageError(fmt::format("which study file?\nusage: {}", kHelp.usage));
  RunRequest request;
  request.study_file = *file;
  request.trials = whole_number_option(values, "trials", 1);
  if (const auto seconds = whole_number_option(values, "timeout", 1, kMaxTimeoutSeconds))
    request.timeout = std::chrono::seconds(*seconds);
  request.seed = seed_option(values);
  request.jobs = whole_number_option(values, "jobs", 1, kMaxJobs);
  request.jobs_per_device = whole_number_option(values, "jobs-per-device", 1, kMaxJobs);
  if (request.jobs && request.jobs_per_device) {
    throw UsageError("--jobs and --jobs-per-device: give one of the two");
  }
  request.devices = devices_option(values);
  request.storage = text_option(values, "storage");
  request.data_dir = data_option(values);
  request.quiet = values.contains("quiet");
  read_checkpoint_options(values, request);
  request.command_line = shell_text(invocation.command_line);
  return request;
}

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

int run_session(Session& session) {
  // While this is the only thread: the environment is not protected against concurrent use.
  fmnist::set_library_environment();
  Screen screen;
  const auto log = make_logger(screen, session.request().quiet);
  Progress progress(screen, log, session.request().quiet);
  std::atomic<bool> stop{false};
  tune::RunReport report;
  const auto signal = run_watched([&] { report = session.run(stop, progress, *log); }, stop,
                                  watch_of(session, screen, progress, *log));
  progress.end();
  return conclude(session, report, signal, screen);
}

}  // namespace

int run_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), "STUDY.json", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  Session session(request_from(*values, invocation));
  const Standing standing = session.look();
  const auto wanted = session.request().trials;
  if (wanted && standing.finished() >= *wanted) {
    session.tidy_up();
    return conclude_without_run(session, standing);
  }
  return run_session(session);
}

}  // namespace fmnist_tune
