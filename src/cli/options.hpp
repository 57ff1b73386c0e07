#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/output/format.hpp"

/// Options that several commands share, and the one way in which all of them are read.
namespace fmnist_tune {

/// The text around the list of options in a command's `--help`.
struct CommandHelp {
  std::string usage;        ///< "fmnist-tune trials DB [options]"
  std::string description;  ///< What it does, as many lines as it takes.
  std::string examples;     ///< One a line.
};

/// All that is to know of a command's use: what its `--help`, the manual page and the shells' completion are
/// made of.
struct CommandPage {
  CommandHelp help;
  boost::program_options::options_description options;
  std::string positional;  ///< What stands without a name before it, as in "DB".
};

/// The page of a command, or nothing when it has none.
[[nodiscard]] std::optional<CommandPage> page_of(const Command& command);

/// Declares `--storage`, `--study` and `--format`.
void add_storage_option(boost::program_options::options_description& options);
void add_study_option(boost::program_options::options_description& options);
void add_format_option(boost::program_options::options_description& options);

/// Reads the arguments, of which those without a name are values of `positional`, `max_words` at most. Prints
/// the help, or gives it to who asked for it, and returns nothing when `--help` is among them. Throws
/// UsageError that names what is wrong, with the nearest known option.
[[nodiscard]] std::optional<boost::program_options::variables_map> parse_options(
    const CommandHelp& help, boost::program_options::options_description options, const std::string& positional,
    const Arguments& arguments, std::size_t max_words = 1);

/// The arguments without a name.
[[nodiscard]] std::vector<std::string> positional_words(const boost::program_options::variables_map& values,
                                                        const std::string& positional);

/// The text of an option, or nothing.
[[nodiscard]] std::optional<std::string> text_option(const boost::program_options::variables_map& values,
                                                     const std::string& name);

/// A whole number from `minimum` to `maximum`. Throws UsageError.
[[nodiscard]] std::optional<std::int64_t> whole_number_option(
    const boost::program_options::variables_map& values, const std::string& name, std::int64_t minimum,
    std::int64_t maximum = std::numeric_limits<std::int64_t>::max());

/// The text as a whole number from `minimum` to `maximum`. Throws UsageError that begins with `what`.
[[nodiscard]] std::int64_t whole_number(std::string_view what, const std::string& text, std::int64_t minimum,
                                        std::int64_t maximum = std::numeric_limits<std::int64_t>::max());

/// `--format`; table when it is not given. Throws UsageError.
[[nodiscard]] Format format_option(const boost::program_options::variables_map& values);

/// The file that a storage stands for: a path or a `sqlite:///` URL. Throws UsageError for other schemes.
[[nodiscard]] std::filesystem::path storage_path(const std::string& storage);

}  // namespace fmnist_tune
