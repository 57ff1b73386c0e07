#include "cli/commands/query.hpp"

#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/output/table.hpp"
#include "cli/study_file/complaint.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

std::vector<std::string> study_names(tune::SqliteReader& reader) {
  std::vector<std::string> names;
  for (const auto& study : reader.study_records()) names.push_back(printable(study.name));
  return names;
}

[[noreturn]] void complain_about_name(const std::string& name, const std::vector<std::string>& known) {
  throw UsageError(fmt::format("there is no study \"{}\" here{}; the studies are:\n  {}", name,
                               did_you_mean(name, known), fmt::join(known, "\n  ")));
}

}  // namespace

std::optional<po::variables_map> parse_query(const CommandHelp& help, po::options_description options,
                                             const Arguments& arguments, std::size_t max_words) {
  add_storage_option(options);
  add_format_option(options);
  return parse_options(help, std::move(options), "DB", arguments, max_words);
}

std::filesystem::path path_of_query(const po::variables_map& values) {
  const auto positional = text_option(values, "DB");
  const auto named = text_option(values, "storage");
  if (positional && named) throw UsageError("give the storage once: as DB or with --storage");
  if (!positional && !named) throw UsageError("which storage? Give its path: fmnist-tune best-trial mlp.db");
  return storage_path(positional ? *positional : *named);
}

tune::SqliteReader open_for_query(const po::variables_map& values) {
  return tune::SqliteReader(path_of_query(values));
}

tune::StudyRecord study_of_query(tune::SqliteReader& reader, const po::variables_map& values) {
  return study_named(reader, text_option(values, "study"));
}

tune::StudyRecord study_named(tune::SqliteReader& reader, const std::optional<std::string>& name) {
  if (name) {
    auto study = reader.find_study(*name);
    if (!study) complain_about_name(*name, study_names(reader));
    return *study;
  }
  auto studies = reader.study_records();
  if (studies.empty()) throw tune::StudyNotFound("there is no study in this storage yet");
  if (studies.size() > 1) {
    throw UsageError(fmt::format("this storage has several studies, pick one with --study:\n  {}",
                                 fmt::join(study_names(reader), "\n  ")));
  }
  return std::move(studies.front());
}

}  // namespace fmnist_tune
