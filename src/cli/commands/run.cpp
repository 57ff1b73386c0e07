#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "cli/run/run_options.hpp"
#include "cli/run/run_session.hpp"
#include "cli/run/session.hpp"
#include "cli/run/stagnation_check.hpp"
#include "cli/run/study_advice.hpp"
#include "cli/run/summary.hpp"
#include "cli/shell_text.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

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
      "seed", text("S"), "seed of a new study, instead of the study file's; a study keeps its seed");
  add_device_options(options);
  add_checkpoint_options(options);
  options.add_options()("quiet", "no progress and no summary, only warnings and errors");
  add_log_options(options);
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

RunRequest request_from(const po::variables_map& values, const Invocation& invocation) {
  const auto file = text_option(values, "STUDY.json");
  if (!file) throw UsageError(fmt::format("which study file?\nusage: {}", kHelp.usage));
  RunRequest request;
  request.study_file = *file;
  request.trials = whole_number_option(values, "trials", 1);
  if (const auto seconds = whole_number_option(values, "timeout", 1, kMaxTimeoutSeconds))
    request.timeout = std::chrono::seconds(*seconds);
  request.seed = seed_option(values);
  read_device_options(values, request);
  request.storage = text_option(values, "storage");
  read_log_options(values, request);
  read_checkpoint_options(values, request);
  request.command_line = shell_text(invocation.command_line);
  return request;
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
  const bool stagnated = has_stagnated(session, standing);
  if (stagnated) session.tidy_up();
  const int code = stagnated ? conclude_stagnated(session) : run_session(session, run_result_text);
  if (code == to_int(ExitCode::kDone) && !session.request().log.quiet) say_advice(session);
  return code;
}

}  // namespace fmnist_tune
