#include <fmt/format.h>

#include <algorithm>

#include "cli/command.hpp"
#include "cli/commands/query.hpp"
#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/registry.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/storage_place.hpp"
#include "cli/run/study_check.hpp"
#include "cli/run/study_opening.hpp"
#include "cli/study_file/differences.hpp"
#include "cli/study_file/remapping.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"
#include "tune/storages/claims.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/trial_rules.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

const CommandHelp kHelp = {
    "fmnist-tune copy-study DB --to DB [options]",
    "Copies a study with all its trials, into another storage or under another name. Trials that run are "
    "WAITING\n"
    "in the copy, with the parameters they have.\n"
    "\n"
    "With --space the copy is a study of that file, for a search space that changed: choices may grow or "
    "change\n"
    "places, ranges, log and types may change. Every trial that fits the new space comes along; the others "
    "are\n"
    "listed and left out, the trials are numbered anew, and the copy has a seed of its own where some are "
    "left\n"
    "out. `fmnist-tune NEW.json` then goes on with it.",
    "  fmnist-tune copy-study mlp.db --to all.db --name mlp-monday\n"
    "  fmnist-tune copy-study mlp.db --to wider.db --space wider.json\n"
    "  fmnist-tune copy-study all.db --study mlp-monday --to all.db --name mlp-again -f json"};

po::options_description own_options() {
  po::options_description options("Options");
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()("to", text("DB"), "storage of the copy; it is made when it is not there")(
      "name", text("NEW"), "name of the copy; default: the same")(
      "space", text("NEW.json"), "study file of the copy; the copy has its name");
  add_study_option(options);
  return options;
}

/// A study as it is to be written, and what is not.
struct Copy {
  tune::NewStudy study;
  std::vector<LeftOut> left_out;
};

struct Source {
  tune::StudyRecord study;
  std::vector<tune::FrozenTrial> trials;
};

Source read_source(const po::variables_map& values) {
  auto reader = open_for_query(values);
  Source source{study_of_query(reader, values), {}};
  tune::TrialFilter all;
  all.with_intermediate = true;
  source.trials = reader.trials(source.study.id, all);
  for (std::size_t i = 0; i < source.trials.size(); ++i) {
    if (source.trials[i].number.value == static_cast<std::int64_t>(i)) continue;
    throw tune::StorageError(
        fmt::format("study \"{}\": its trials are not numbered 0, 1, 2, …; `fmnist-tune check` says more",
                    source.study.name));
  }
  return source;
}

/// What runs there does not run here, and checkpoints, for which reports are kept, stay there.
void stop_running(std::vector<tune::FrozenTrial>& trials) {
  for (tune::FrozenTrial& trial : trials) {
    if (!is_finished(trial.state)) tune::storages::put_back(trial, std::nullopt);
    trial.system_attrs.erase(std::string(tune::storages::kOwnerKey));
  }
}

/// The kept study file under the copy's name.
void rename_study_file(tune::NewStudy& study, const tune::StudyRecord& from) {
  const auto text = kept_study_file(from);
  if (!text || study.name == from.name) return;
  Json file = Json::parse(*text, nullptr, false);
  if (!file.is_object()) {
    throw tune::StorageError(
        fmt::format("the study file kept with study \"{}\" is damaged (system attribute {}), so it cannot get "
                    "another name; copy the study without --name. Nothing was copied",
                    from.name, kStudyFileKey));
  }
  file["name"] = study.name;
  study.system_attrs[kStudyFileKey] = Json(file.dump()).dump();
}

Copy plain_copy(Source source, const std::string& name) {
  Copy copy{{name,
             source.study.directions,
             source.study.user_attrs,
             source.study.system_attrs,
             {},
             std::move(source.trials)},
            {}};
  rename_study_file(copy.study, source.study);
  return copy;
}

[[noreturn]] void refuse(const Source& source, const std::vector<std::string>& reasons) {
  throw UsageError(
      fmt::format("--space: more than the search space differs from study \"{}\":\n  {}\nNothing was copied",
                  source.study.name, fmt::join(reasons, "\n  ")));
}

/// The trials were made with another objective then, or are not all there would be.
void check_rest(const Source& source, const StudyConfig& config) {
  tune::StudyRecord wanted;
  wanted.directions = directions_of(config);
  if (wanted.directions != source.study.directions) {
    refuse(source,
           {fmt::format("objectives: {} is now {}", directions_text(source.study), directions_text(wanted))});
  }
  const auto before = kept_config(source.study, known_manifests());
  if (!before) return;
  auto reasons = differences(*before, config).refused;
  std::erase_if(reasons, [](const std::string& reason) { return reason.starts_with("space/"); });
  if (!reasons.empty()) refuse(source, reasons);
}

std::string provenance_text(const tune::StudyRecord& study) {
  const auto kept = study.system_attrs.find(kProvenanceKey);
  return kept == study.system_attrs.end() ? provenance_json({}) : kept->second;
}

/// The seed of a copy in which trials have other numbers than in the study it is of: under that study's seed a
/// new trial would draw again what a copied one drew.
std::uint64_t seed_of_renumbered(std::uint64_t seed, std::size_t n_copied) {
  constexpr int kBitsBeyondJson = 11;  // Readers of JSON keep 53 bits of a number.
  tune::RandomStream stream({.seed = seed, .trial = n_copied, .purpose = tune::Purpose::kCopiedStudy});
  return stream() >> kBitsBeyondJson;
}

Copy remapped_copy(const Source& source, const StudyConfig& config) {
  check_rest(source, config);
  const auto old_seed = kept_study_file(source.study) ? std::optional(kept_seed(source.study)) : std::nullopt;
  Remapping remapping = remap_trials(source.trials, config, old_seed);
  const std::uint64_t same_seed = old_seed.value_or(config.sampler.seed);
  const std::uint64_t seed =
      remapping.left_out.empty() ? same_seed : seed_of_renumbered(same_seed, remapping.trials.size());
  Copy copy{{config.name,
             source.study.directions,
             source.study.user_attrs,
             source.study.system_attrs,
             {},
             std::move(remapping.trials)},
            std::move(remapping.left_out)};
  for (const auto& [key, json] : kept_attributes(config, seed, provenance_text(source.study))) {
    copy.study.system_attrs.insert_or_assign(key, json);
  }
  return copy;
}

Copy make_copy(const po::variables_map& values) {
  const auto name = text_option(values, "name");
  const auto file = text_option(values, "space");
  std::optional<StudyConfig> config;
  if (file) config = read_study_file(*file, known_manifests());
  if (config && name && *name != config->name) {
    throw UsageError(
        fmt::format("--name: the copy is the study of {} and has its name, \"{}\"", *file, config->name));
  }
  Source source = read_source(values);
  stop_running(source.trials);
  if (config) return remapped_copy(source, *config);
  const std::string copied_name = name.value_or(source.study.name);
  return plain_copy(std::move(source), copied_name);
}

std::string text_answer(const Copy& copy, const std::filesystem::path& to) {
  std::string text;
  for (const LeftOut& one : copy.left_out) {
    text += fmt::format("left out trial {}: {}\n", one.number.value, printable(one.reason));
  }
  return text + fmt::format("study \"{}\" in {} has {} of {} trial(s)\n", printable(copy.study.name),
                            to.string(), copy.study.trials.size(),
                            copy.study.trials.size() + copy.left_out.size());
}

std::string answer(const Copy& copy, const std::filesystem::path& to, Format format) {
  if (format == Format::kTable) return text_answer(copy, to);
  Table table{{"number", "reason"}, {}};
  Json left_out = Json::array();
  for (const LeftOut& one : copy.left_out) {
    table.rows.push_back({one.number.value, one.reason});
    left_out.push_back({{"number", one.number.value}, {"reason", one.reason}});
  }
  if (format == Format::kCsv) return to_csv(table);
  return to_text({{"study", copy.study.name},
                  {"storage", to.string()},
                  {"n_copied", copy.study.trials.size()},
                  {"left_out", std::move(left_out)}});
}

/// Before the destination is opened for writing: a refusal leaves it as it is.
void require_free_name(const std::filesystem::path& storage, const std::string& name) {
  if (!is_there(storage) || !tune::SqliteReader(storage).find_study(name)) return;
  throw tune::StudyExists(
      fmt::format("{}: a study named \"{}\" is there already; nothing was copied", storage.string(), name));
}

}  // namespace

int copy_study_command(const Invocation& invocation) {
  const auto values = parse_query(kHelp, own_options(), invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto to = text_option(*values, "to");
  if (!to) throw UsageError(fmt::format("where to? Name the storage with --to\nusage: {}", kHelp.usage));
  const auto path = storage_path(*to);
  const Copy copy = make_copy(*values);
  require_free_name(path, copy.study.name);
  static_cast<void>(tune::open_sqlite_storage(path)->create_study(copy.study));
  fmt::print("{}", answer(copy, path, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
