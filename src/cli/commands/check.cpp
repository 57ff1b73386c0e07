#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/registry.hpp"
#include "cli/run/unfinished.hpp"
#include "tune/checkpoint_folder.hpp"
#include "tune/storages/sqlite_check.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

/// A year: whoever ran a trial then does not run it now.
constexpr std::int64_t kMaxMinutes = 365 * 24 * 60;

const CommandHelp kHelp = {
    "fmnist-tune check DB [options]",
    "Says what is wrong with a storage: damaged pages, rows that belong to nothing, numbers with gaps, "
    "states,\n"
    "values, times and attributes that Optuna cannot read, choices or log that changed within a study, trials\n"
    "that run without anybody who runs them, checkpoints of no trial. Without --repair nothing is written, and "
    "a study may run.\n"
    "--repair mends what can be mended after keeping a copy, DB.before-repair; the data of finished trials is\n"
    "never deleted.\n"
    "\n"
    "Exit codes: 0 the storage is sound, 1 something is wrong and was not mended.",
    "  fmnist-tune check mlp.db\n"
    "  fmnist-tune check mlp.db --repair\n"
    "  fmnist-tune check mlp.db --repair --requeue --older-than 10\n"
    "  fmnist-tune check mlp.db -f json | jq '.findings[].what'"};

po::options_description own_options() {
  po::options_description options("Options");
  options.add_options()("repair", "mend what can be mended")(
      "older-than", po::value<std::string>()->value_name("MINUTES"),
      "a RUNNING trial of another program counts as left behind when its last sign of life, its heartbeat or "
      "its "
      "start, is older than that (default 60); a repair sets it to FAIL")(
      "requeue", "a repair puts such trials back into the queue with their parameters instead");
  return options;
}

/// What a check or a repair came to.
struct Result {
  tune::Repair repair;

  [[nodiscard]] bool is_sound() const {
    return std::all_of(repair.left.begin(), repair.left.end(),
                       [](const auto& finding) { return finding.is_note; });
  }
};

std::string place_of(const tune::Finding& finding) {
  std::string place = finding.study ? fmt::format("study \"{}\"", *finding.study) : "";
  if (finding.trial) place += fmt::format("{}trial {}", place.empty() ? "" : ", ", finding.trial->value);
  return place.empty() ? "the file" : place;
}

std::string line_of(const tune::Finding& finding, bool is_mended) {
  const char* fate = is_mended               ? "mended"
                     : finding.is_repairable ? "--repair mends it"
                                             : "cannot be mended here";
  return fmt::format("{}{}: {} ({})\n", finding.is_note && !is_mended ? "note: " : "",
                     printable(place_of(finding)), printable(finding.what), fate);
}

std::string text_answer(const Result& result) {
  std::string text;
  for (const auto& finding : result.repair.mended) text += line_of(finding, true);
  for (const auto& finding : result.repair.left) text += line_of(finding, false);
  const auto n_wrong = std::count_if(result.repair.left.begin(), result.repair.left.end(),
                                     [](const auto& finding) { return !finding.is_note; });
  if (!result.repair.backup.empty()) {
    text += fmt::format("the file as it was is kept in {}\n", printable(result.repair.backup.string()));
  }
  return text + (n_wrong == 0 ? "sound\n" : fmt::format("{} finding(s)\n", n_wrong));
}

Json json_of(const tune::Finding& finding) {
  return {{"check", finding.check},
          {"study", finding.study ? Json(*finding.study) : Json(nullptr)},
          {"trial", finding.trial ? Json(finding.trial->value) : Json(nullptr)},
          {"what", finding.what},
          {"repairable", finding.is_repairable},
          {"note", finding.is_note}};
}

Json json_of(const std::vector<tune::Finding>& findings) {
  Json list = Json::array();
  for (const auto& finding : findings) list.push_back(json_of(finding));
  return list;
}

std::string json_answer(const Result& result) {
  const auto& backup = result.repair.backup;
  return to_text({{"sound", result.is_sound()},
                  {"findings", json_of(result.repair.left)},
                  {"mended", json_of(result.repair.mended)},
                  {"backup", backup.empty() ? Json(nullptr) : Json(backup.string())}});
}

std::string csv_answer(const Result& result) {
  Table table{{"check", "study", "trial", "what", "repairable", "note", "mended"}, {}};
  const auto add = [&](const std::vector<tune::Finding>& findings, bool is_mended) {
    for (const auto& finding : findings) {
      table.rows.push_back({finding.check, finding.study ? Cell(*finding.study) : Cell(),
                            finding.trial ? Cell(finding.trial->value) : Cell(), finding.what,
                            finding.is_repairable, finding.is_note, is_mended});
    }
  };
  add(result.repair.mended, true);
  add(result.repair.left, false);
  return to_csv(table);
}

std::string answer(const Result& result, Format format) {
  if (format == Format::kJson) return json_answer(result);
  return format == Format::kCsv ? csv_answer(result) : text_answer(result);
}

/// Checkpoints of no unfinished trial: what a run that was killed leaves, until the next one. Asked only of a
/// sound file, whose trials can be read.
std::vector<tune::Finding> left_checkpoints(const std::filesystem::path& storage) {
  const tune::CheckpointFolder folder(tune::CheckpointFolder::beside(storage), "");
  std::vector<tune::Finding> findings;
  for (const auto& file : folder.orphans([&] { return unfinished_trials_in(storage); })) {
    findings.push_back({"checkpoints", std::nullopt, std::nullopt,
                        fmt::format("the checkpoint {} belongs to no unfinished trial", file.string()), true,
                        true});
  }
  return findings;
}

void add_checkpoints(Result& result, const std::filesystem::path& storage, bool is_repair) {
  if (!result.is_sound()) return;
  const auto found = left_checkpoints(storage);
  if (is_repair && !found.empty()) {
    tune::CheckpointFolder folder(tune::CheckpointFolder::beside(storage), "");
    folder.collect_orphans([&] { return unfinished_trials_in(storage); });
  }
  auto& list = is_repair ? result.repair.mended : result.repair.left;
  list.insert(list.end(), found.begin(), found.end());
}

tune::CheckOptions options_from(const po::variables_map& values) {
  tune::CheckOptions options;
  if (const auto minutes = whole_number_option(values, "older-than", 0, kMaxMinutes)) {
    options.older_than = std::chrono::minutes(*minutes);
  }
  options.requeue = values.contains("requeue");
  if (options.requeue && !values.contains("repair")) throw UsageError("--requeue: only with --repair");
  return options;
}

}  // namespace

int check_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto options = options_from(*values);
  const auto path = path_of_query(*values);
  Result result;
  if (values->contains("repair")) {
    result.repair = tune::repair_sqlite_file(path, options);
  } else {
    result.repair.left = tune::check_sqlite_file(path, options);
  }
  add_checkpoints(result, path, values->contains("repair"));
  fmt::print("{}", answer(result, format));
  return to_int(result.is_sound() ? ExitCode::kDone : ExitCode::kFailed);
}

}  // namespace fmnist_tune
