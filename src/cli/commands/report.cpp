#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/commands/output_place.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/messages.hpp"
#include "cli/output/table.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"
#include "cli/report/page.hpp"
#include "cli/report/study_data.hpp"
#include "cli/version.hpp"

namespace fmnist_tune {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

const CommandHelp kHelp = {"fmnist-tune report DB -o FILE.html [options]",
                           "Writes one HTML file about a study, to open in a browser: what is best, "
                           "optimisation history, intermediate\n"
                           "values, parallel coordinates, slice, contour, importances, learning curves, Pareto "
                           "front, timeline, failures and\n"
                           "a table of all trials to sort and filter. The file needs nothing else and contacts "
                           "nothing. Reads Optuna's files\n"
                           "too. Nothing is written to the storage, a study may run.",
                           "  fmnist-tune report mlp.db -o mlp.html\n"
                           "  fmnist-tune report shared.db --study mlp -o mlp.html --force"};

po::options_description own_options() {
  po::options_description options("Options");
  add_study_option(options);
  add_storage_option(options);
  add_output_options(options, "where to write the page; NAME.html in the current folder by default");
  return options;
}

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

/// A name may hold anything; a file of that name stands in this folder, and a terminal may show it.
fs::path default_place(const std::string& study_name) {
  constexpr std::size_t kMostBytes = 100;
  std::size_t end = std::min(study_name.size(), kMostBytes);
  while (end > 0 && end < study_name.size() && !begins_character(study_name[end])) --end;
  std::string file = study_name.substr(0, end);
  for (char& byte : file) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '/' || code < 0x20 || code == 0x7F) byte = '_';
  }
  return (file.empty() ? "study" : file) + ".html";
}

}  // namespace

int report_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), "DB", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  auto reader = open_for_query(*values);
  const auto study = study_of_query(reader, *values);
  const auto output = text_option(*values, "output");
  const fs::path place = output ? fs::path(*output) : default_place(study.name);
  check_place(place, *values);
  const auto trials = reader.trials(study.id, {.with_intermediate = true});
  report::ParameterList parameters;
  const auto data = report::study_data(study, trials, parameters);
  const Json page = {{"source", path_of_query(*values).string()},
                     {"time", to_iso_text(tune::now())},
                     {"version", kVersion},
                     {"live", false}};
  const std::string html = report::html_page(report::whole_text(page, data), "'none'");
  write_whole(place, html);
  fmt::print("{}\n", place.string());
  say(fmt::format("{} trial(s) of study \"{}\" in {} ({:.1f} MB); open it in a browser", trials.size(),
                  printable(study.name), printable(place.string()), static_cast<double>(html.size()) / 1e6));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
