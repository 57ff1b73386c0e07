#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/registry.hpp"
#include "cli/run/diagnosis.hpp"
#include "cli/run/run_options.hpp"
#include "cli/version.hpp"
#include "fmnist/environment.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {"fmnist-tune doctor [DB] [options]",
                           "Says what this machine has for a study and what to do about what is wrong: "
                           "processor, memory, LibTorch and its\n"
                           "libraries, devices, the data set, how fast a small network trains, and whether the "
                           "folder of DB (default: the\n"
                           "current one) can keep studies. An existing DB is checked. Nothing is written.\n"
                           "\n"
                           "Exit codes: 0 studies can run here, 1 there is a problem.",
                           "  fmnist-tune doctor\n"
                           "  fmnist-tune doctor results/mlp.db --data ~/fashion-mnist\n"
                           "  fmnist-tune doctor -f json"};

std::vector<Diagnosis> examine_all(const std::filesystem::path& storage, const std::string& data_dir) {
  std::vector<Diagnosis> all{
      {"program", Diagnosis::Verdict::kFine, fmt::format("fmnist-tune {}", kVersion), ""}};
  const auto add = [&all](std::vector<Diagnosis> more) { all.insert(all.end(), more.begin(), more.end()); };
  add(examine_machine());
  add(examine_environment());
  fmnist::set_library_environment();
  add(examine_training(data_dir));
  add(examine_storage(storage));
  return all;
}

Table table_of(const std::vector<Diagnosis>& all) {
  Table table{{"part", "verdict", "found", "what to do"}, {}};
  for (const Diagnosis& each : all)
    table.rows.push_back({each.part, to_string(each.verdict), each.found, each.advice});
  return table;
}

/// A line a part; what to do about it below.
std::string text_of(const std::vector<Diagnosis>& all) {
  std::string text;
  for (const Diagnosis& each : all) {
    text += fmt::format("{:<8} {:<12} {}\n", to_string(each.verdict), each.part, printable(each.found));
    if (!each.advice.empty()) text += fmt::format("{:<8} {:<12} → {}\n", "", "", printable(each.advice));
  }
  return text;
}

std::string json_text_of(const std::vector<Diagnosis>& all) {
  Json list = Json::array();
  for (const Diagnosis& each : all) {
    list.push_back({{"part", each.part},
                    {"verdict", to_string(each.verdict)},
                    {"found", each.found},
                    {"advice", each.advice.empty() ? Json(nullptr) : Json(each.advice)}});
  }
  return to_text(list);
}

std::string answer(const std::vector<Diagnosis>& all, Format format) {
  if (format == Format::kJson) return json_text_of(all);
  return format == Format::kCsv ? to_csv(table_of(all)) : text_of(all);
}

}  // namespace

int doctor_command(const Invocation& invocation) {
  po::options_description options("Options");
  add_data_option(options);
  add_format_option(options);
  const auto values = parse_options(kHelp, std::move(options), "DB", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto all =
      examine_all(storage_path(text_option(*values, "DB").value_or("fmnist-tune.db")), data_folder(*values));
  fmt::print("{}", answer(all, format));
  const bool has_problem = std::any_of(all.begin(), all.end(), [](const Diagnosis& each) {
    return each.verdict == Diagnosis::Verdict::kProblem;
  });
  return to_int(has_problem ? ExitCode::kFailed : ExitCode::kDone);
}

}  // namespace fmnist_tune
