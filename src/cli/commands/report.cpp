#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "cli/command.hpp"
#include "cli/commands/output_place.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/messages.hpp"
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

/// A name may hold anything, a file of that name may not stand in another folder.
fs::path default_place(const std::string& study_name) {
  std::string file = study_name.substr(0, 100);
  for (char& byte : file) {
    if (byte == '/' || byte == '\0') byte = '_';
  }
  return file + ".html";
}

/// Written beside its place first: what stood there stays until all is written.
void write_page(const fs::path& place, std::string_view page) {
  const fs::path unfinished = place.string() + ".unfinished";
  std::ofstream file(unfinished, std::ios::binary);
  file.write(page.data(), static_cast<std::streamsize>(page.size()));
  file.close();
  std::error_code error;
  if (file) fs::rename(unfinished, place, error);
  if (file && !error) return;
  std::error_code ignored;
  fs::remove(unfinished, ignored);
  throw tune::Error(fmt::format("{} cannot be written; is the disk full?", place.string()));
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
  write_page(place, html);
  fmt::print("{}\n", place.string());
  say(fmt::format("{} trial(s) of study \"{}\" in {} ({:.1f} MB); open it in a browser", trials.size(),
                  study.name, place.string(), static_cast<double>(html.size()) / 1e6));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
