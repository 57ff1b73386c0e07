#include "cli/options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "cli/command.hpp"
#include "cli/study_file/complaint.hpp"
#include "tune/storages/sqlite.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

/// Abbreviated options would change their meaning when a new option is added.
constexpr int kStyle = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;

std::vector<std::string> known_options(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back("--" + option->long_name());
  return names;
}

void print_help(const CommandPage& page) {
  std::ostringstream list;
  list << page.options;
  fmt::print("usage: {}\n\n{}\n\n{}\nExamples:\n{}\n", page.help.usage, page.help.description, list.str(),
             page.help.examples);
}

/// What Boost found wrong, in our words.
[[noreturn]] void complain_about_option(const po::error& error, const po::options_description& options,
                                        const CommandHelp& help) {
  const std::string hint = fmt::format("\nusage: {}", help.usage);
  if (const auto* unknown = dynamic_cast<const po::unknown_option*>(&error)) {
    const std::string name = unknown->get_option_name();
    throw UsageError(
        fmt::format("unknown option \"{}\"{}{}", name, did_you_mean(name, known_options(options)), hint));
  }
  throw UsageError(error.what() + hint);
}

}  // namespace

std::optional<CommandPage> page_of(const Command& command) {
  std::optional<CommandPage> page;
  command.run({{{"--help"}, [&page](const CommandPage& shown) { page.emplace(shown); }}, {}});
  return page;
}

void add_storage_option(po::options_description& options) {
  options.add_options()("storage", po::value<std::string>()->value_name("DB"),
                        "SQLite file: a path or sqlite:///PATH");
}

void add_study_option(po::options_description& options) {
  options.add_options()("study", po::value<std::string>()->value_name("NAME"),
                        "name of the study; needed when the storage has several");
}

void add_format_option(po::options_description& options) {
  options.add_options()("format,f", po::value<std::string>()->value_name("FORMAT"),
                        "table (default), json or csv. JSON has the strings \"NaN\", \"Infinity\" and "
                        "\"-Infinity\" for numbers that JSON does not know; times are UTC");
}

std::optional<po::variables_map> parse_options(const CommandHelp& help, po::options_description options,
                                               const std::string& positional, const Arguments& arguments,
                                               std::size_t max_words) {
  options.add_options()("help,h", "this text");
  po::options_description all;
  all.add(options).add_options()(positional.c_str(), po::value<std::vector<std::string>>());
  po::positional_options_description position;
  position.add(positional.c_str(), -1);
  po::variables_map values;
  try {
    po::store(po::command_line_parser(arguments.words).options(all).positional(position).style(kStyle).run(),
              values);
    po::notify(values);
  } catch (const po::error& error) {
    complain_about_option(error, options, help);
  }
  if (values.contains("help")) {
    const auto show = arguments.on_help ? arguments.on_help : print_help;
    show({help, std::move(options), positional});
    return std::nullopt;
  }
  if (const auto words = positional_words(values, positional); words.size() > max_words) {
    throw UsageError(fmt::format("unexpected argument \"{}\"\nusage: {}", words[max_words], help.usage));
  }
  return values;
}

std::vector<std::string> positional_words(const po::variables_map& values, const std::string& positional) {
  if (!values.contains(positional)) return {};
  return values[positional].as<std::vector<std::string>>();
}

std::optional<std::string> text_option(const po::variables_map& values, const std::string& name) {
  if (!values.contains(name)) return std::nullopt;
  if (const auto* words = boost::any_cast<std::vector<std::string>>(&values[name].value()))
    return words->front();
  return values[name].as<std::string>();
}

std::optional<std::int64_t> whole_number_option(const po::variables_map& values, const std::string& name,
                                                std::int64_t minimum, std::int64_t maximum) {
  const auto text = text_option(values, name);
  return text ? std::optional(whole_number("--" + name, *text, minimum, maximum)) : std::nullopt;
}

std::int64_t whole_number(std::string_view what, const std::string& text, std::int64_t minimum,
                          std::int64_t maximum) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < minimum || number > maximum) {
    const std::string range = maximum == std::numeric_limits<std::int64_t>::max()
                                  ? fmt::format("of at least {}", minimum)
                                  : fmt::format("from {} to {}", minimum, maximum);
    throw UsageError(fmt::format("{}: expected a whole number {}, found \"{}\"", what, range, text));
  }
  return number;
}

Format format_option(const po::variables_map& values) {
  const std::string text = text_option(values, "format").value_or("table");
  if (text == "table") return Format::kTable;
  if (text == "json") return Format::kJson;
  if (text == "csv") return Format::kCsv;
  throw UsageError(fmt::format("--format: expected table, json or csv, found \"{}\"", text));
}

std::filesystem::path storage_path(const std::string& storage) {
  if (storage.empty()) throw UsageError("--storage: expected a path or sqlite:///PATH, found an empty text");
  if (storage.starts_with("postgresql:") || storage.starts_with("postgres:")) {
    throw UsageError(fmt::format(
        "storage \"{}\": this version keeps studies in SQLite files only; give a path or sqlite:///PATH",
        storage));
  }
  return storage.find("://") == std::string::npos ? std::filesystem::path(storage)
                                                  : tune::sqlite_path_from_url(storage);
}

}  // namespace fmnist_tune
