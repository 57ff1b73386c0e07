#include "cli/commands/output_place.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <span>
#include <system_error>

#include "cli/command.hpp"
#include "tune/error.hpp"
#include "tune/whole_file.hpp"

namespace fmnist_tune {

namespace po = boost::program_options;

void add_output_options(po::options_description& options, const std::string& description) {
  options.add_options()("output,o", po::value<std::string>()->value_name("FILE"), description.c_str())(
      "force", "replace the file when it is there");
}

void check_place(const std::filesystem::path& path, const po::variables_map& values) {
  std::error_code ignored;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (!path.has_filename() || std::filesystem::is_directory(path, ignored))
    throw UsageError(fmt::format("expected a file to write, found the folder {}", path.string()));
  if (!std::filesystem::is_directory(folder, ignored))
    throw UsageError(fmt::format("there is no folder {}", folder.string()));
  if (access(folder.c_str(), W_OK | X_OK) != 0)
    throw UsageError(fmt::format("the folder {} cannot be written to", folder.string()));
  if (!values.contains("force") && std::filesystem::exists(std::filesystem::symlink_status(path, ignored)))
    throw UsageError(
        fmt::format("{} is there already; give --force to replace it, or another name", path.string()));
}

void write_whole(const std::filesystem::path& path, std::string_view text) {
  try {
    tune::replace_whole_file(path, std::as_bytes(std::span(text)));
  } catch (const std::system_error& error) {
    throw tune::Error(fmt::format("{}: cannot be written: {}", path.string(), error.code().message()));
  }
}

}  // namespace fmnist_tune
