#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// What the commands that only ask a storage have in common.
namespace fmnist_tune {

/// Reads the options of a query: DB or `--storage`, `--format`, `--help` and what `options` has besides.
/// `max_words` arguments may have no name, the first of them is DB. Nothing when the help was asked for.
[[nodiscard]] std::optional<boost::program_options::variables_map> parse_query(
    const CommandHelp& help, boost::program_options::options_description options, const Arguments& arguments,
    std::size_t max_words = 1);

/// The file of a query's storage. Throws UsageError when none or two are given.
[[nodiscard]] std::filesystem::path path_of_query(const boost::program_options::variables_map& values);

/// The storage of a query. Throws UsageError when none or two are given.
[[nodiscard]] tune::SqliteReader open_for_query(const boost::program_options::variables_map& values);

/// The study of that name, or the only one. Throws UsageError with the names to choose from.
[[nodiscard]] tune::StudyRecord study_named(tune::SqliteReader& reader, const std::optional<std::string>& name);

/// The study that `--study` names, or the only one. Throws UsageError with the names to choose from.
[[nodiscard]] tune::StudyRecord study_of_query(tune::SqliteReader& reader,
                                               const boost::program_options::variables_map& values);

}  // namespace fmnist_tune
