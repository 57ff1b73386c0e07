#include "command/program_facts.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

#include "command/command_template.hpp"
#include "tune/error.hpp"

namespace command {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uintmax_t kMaxHashedBytes = std::uintmax_t{64} << 20;

bool is_runnable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::optional<fs::path> in_search_path(const std::string& name) {
  const char* folders = std::getenv("PATH");
  std::istringstream list(folders == nullptr ? "/usr/local/bin:/usr/bin:/bin" : folders);
  for (std::string folder; std::getline(list, folder, ':');) {
    // A relative entry would be another one in the command's folder.
    if (fs::path path = fs::path(folder) / name; path.is_absolute() && is_runnable(path)) return path;
  }
  return std::nullopt;
}

Json files_of(const std::vector<std::string>& command, const fs::path& folder) {
  Json files = Json::object();
  for (const std::string& argument : command) {
    const auto name = filled(argument, {});
    if (!name || name->empty()) continue;
    if (const auto sum = file_checksum(folder / *name)) files[*name] = *sum;
  }
  return files;
}

std::string text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::optional<std::string> file_checksum(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kMaxHashedBytes || error)
    return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return std::nullopt;
  return fmt::format("{:08x}", libdeflate_crc32(0, bytes.data(), bytes.size()));
}

fs::path find_program(const std::string& name, const fs::path& folder) {
  if (name.find('/') != std::string::npos) {
    fs::path path = (folder / name).lexically_normal();
    if (is_runnable(path)) return path;
    std::error_code ignored;
    throw tune::Error(fmt::format("the command's program {} {}", path.string(),
                                  fs::exists(path, ignored)
                                      ? "is no file that may be run: give it a shebang line and "
                                        "chmod +x, or name what runs it first"
                                      : "is not there; relative paths begin in the folder of the "
                                        "study file"));
  }
  if (auto path = in_search_path(name)) return *path;
  throw tune::Error(
      fmt::format("the command's program \"{}\" is in none of the folders of PATH; install it, or write "
                  "its path (./{} for one beside the study file)",
                  name, name));
}

tune::Attributes program_facts(const fs::path& program, const std::vector<std::string>& command,
                               const fs::path& folder, const std::vector<std::string>& devices) {
  tune::Attributes facts = {{"program", text(program.string())}};
  if (const Json files = files_of(command, folder); !files.empty()) facts["files"] = text(files);
  Json engines = Json::object();
  for (const std::string& device : devices) engines[device] = "command";
  facts["engines"] = text(engines);
  return facts;
}

}  // namespace command
