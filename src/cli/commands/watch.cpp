#include <fmt/format.h>

#include <cstdio>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/table.hpp"
#include "cli/registry.hpp"
#include "cli/watch/server.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

constexpr const char* kLoopback = "127.0.0.1";
/// The port of optuna-dashboard.
constexpr std::uint16_t kPort = 8080;

const CommandHelp kHelp = {
    "fmnist-tune watch DB [options]",
    "Shows a study in the browser while it runs: the page of `report`, which follows the study. Prints the "
    "page's\n"
    "address and serves it until Ctrl-C. Nothing can be changed there, nothing is written. Only this machine\n"
    "reaches it, unless --host says otherwise.",
    "  fmnist-tune watch mlp.db\n"
    "  fmnist-tune watch mlp.db --port 0\n"
    "  ssh -L 8080:localhost:8080 gpu-box fmnist-tune watch mlp.db"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  add_storage_option(options);
  options.add_options()(
      "host", po::value<std::string>()->value_name("H"),
      "name or address to listen on; 127.0.0.1 by default. Others (0.0.0.0: all) let anybody who "
      "reaches the machine see the study")("port", po::value<std::string>()->value_name("N"),
                                           "port to listen on; 8080 by default, 0: any free one");
  return options;
}

void say_ready(const std::string& address, const std::string& study_name) {
  fmt::print("{}\n", address);
  std::fflush(stdout);
  say(fmt::format("watching study \"{}\"; open {} in a browser; Ctrl-C ends", printable(study_name), address));
}

}  // namespace

int watch_command(const Invocation& invocation) {
  constexpr int kSignalBase = 128;
  const auto values = parse_options(kHelp, own_options(), "DB", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const auto port = whole_number_option(*values, "port", 0, 65535);
  watch::ServerOptions options;
  options.storage = path_of_query(*values);
  auto reader = tune::SqliteReader(options.storage);
  options.study_name = study_of_query(reader, *values).name;
  options.host = text_option(*values, "host").value_or(kLoopback);
  options.port = static_cast<std::uint16_t>(port.value_or(kPort));
  const int signal =
      watch::serve_study(options, [&](const std::string& address) { say_ready(address, options.study_name); });
  return kSignalBase + signal;
}

}  // namespace fmnist_tune
