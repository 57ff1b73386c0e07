#include "architecture/include_graph.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <regex>
#include <sstream>

namespace tune::architecture {
namespace {

constexpr std::array kForeignLibraries = {"torch/",     "ATen/",  "c10/",        "SQLiteCpp/", "sqlite3.h",
                                          "pqxx/",      "boost/", "nlohmann/",   "fmt/",       "spdlog/",
                                          "Random123/", "dnnl",   "libdeflate.h"};
constexpr std::array kTorch = {"torch/", "ATen/", "c10/"};
/// Files and folders of include/tune and src/tune that hold values and maths: they include only each other.
constexpr std::array kValueParts = {
    "bytes",         "distribution", "distribution_json", "error",  "format", "frozen_trial", "history",
    "history_index", "math",         "name_map",          "option", "random", "value_order",  "search_space"};
constexpr std::array kAlgorithmParts = {"samplers", "pruners", "storages"};

template <std::size_t N>
bool starts_with_any(std::string_view text, const std::array<const char*, N>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [text](std::string_view prefix) { return text.starts_with(prefix); });
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<const char*, N>& names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

/// `samplers` for `tune/samplers/tpe.hpp`, `study` for `tune/study.hpp`; empty outside of tune.
std::string part_of_library(std::string_view include_name) {
  constexpr std::string_view kPrefix = "tune/";
  if (!include_name.starts_with(kPrefix)) return {};
  include_name.remove_prefix(kPrefix.size());
  return std::string(include_name.substr(0, include_name.find_first_of("/.")));
}

enum class Layer { kValues, kAlgorithms, kStudy };

/// What is not listed belongs to the top layer, which may include everything and is included by nothing below.
Layer layer_of(std::string_view part) {
  if (is_one_of(part, kValueParts)) return Layer::kValues;
  if (is_one_of(part, kAlgorithmParts)) return Layer::kAlgorithms;
  return Layer::kStudy;
}

/// How other files include this one: the path without `include/` or `src/`.
std::string include_name_of(std::string_view path) {
  for (std::string_view folder : {"include/", "src/"}) {
    if (path.starts_with(folder)) return std::string(path.substr(folder.size()));
  }
  return std::string(path);
}

std::string complaint(const SourceFile& file, std::string_view include, std::string_view why) {
  return file.path + " includes " + std::string(include) + ": " + std::string(why);
}

template <typename Allowed>
Complaints complain_unless(const std::vector<SourceFile>& files, std::string_view why, Allowed allowed) {
  Complaints complaints;
  for (const SourceFile& file : files) {
    for (const std::string& include : file.includes) {
      if (!allowed(file, include)) complaints.push_back(complaint(file, include, why));
    }
  }
  return complaints;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

SourceFile read_source(const std::filesystem::path& root, const std::filesystem::path& path) {
  SourceFile file{std::filesystem::relative(path, root).generic_string(), include_names(read_text(path))};
  for (std::string& include : file.includes) {
    const auto beside = path.parent_path() / include;
    if (std::filesystem::exists(beside)) {
      include = include_name_of(std::filesystem::relative(beside, root).generic_string());
    }
  }
  return file;
}

}  // namespace

std::vector<std::string> include_names(std::string_view text) {
  static const std::regex kIncludeLine(R"(^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"])");
  std::vector<std::string> names;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, kIncludeLine)) names.push_back(match[1]);
  }
  return names;
}

std::vector<SourceFile> read_sources(const std::filesystem::path& root, const std::filesystem::path& folder) {
  std::vector<SourceFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".hpp" || extension == ".cpp" || extension == ".inl")
      files.push_back(read_source(root, entry.path()));
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

Complaints foreign_includes_in_public_headers(const std::vector<SourceFile>& files) {
  return complain_unless(files, "public headers need nothing but the standard library",
                         [](const SourceFile& file, std::string_view include) {
                           return !file.path.starts_with("include/") ||
                                  !starts_with_any(include, kForeignLibraries);
                         });
}

Complaints includes_against_the_layers(const std::vector<SourceFile>& files) {
  return complain_unless(
      files,
      "the direction is values <- samplers, pruners, storages <- study; a new folder of values "
      "is listed in tests/architecture/include_graph.cpp",
      [](const SourceFile& file, std::string_view include) {
        const std::string from = part_of_library(include_name_of(file.path));
        const std::string to = part_of_library(include);
        if (from.empty() || to.empty() || from == to) return true;
        const Layer from_layer = layer_of(from);
        return from_layer == Layer::kStudy || layer_of(to) < from_layer ||
               (from_layer == Layer::kValues && layer_of(to) == Layer::kValues);
      });
}

Complaints library_includes_of_programs(const std::vector<SourceFile>& files) {
  return complain_unless(files, "the search library knows neither the program nor the objective",
                         [](const SourceFile& file, std::string_view include) {
                           return !include_name_of(file.path).starts_with("tune/") ||
                                  !(include.starts_with("cli/") || include.starts_with("command/") ||
                                    include.starts_with("fmnist/"));
                         });
}

Complaints torch_includes_outside_fmnist(const std::vector<SourceFile>& files) {
  return complain_unless(files, "only src/fmnist includes LibTorch",
                         [](const SourceFile& file, std::string_view include) {
                           return file.path.starts_with("src/fmnist/") || !starts_with_any(include, kTorch);
                         });
}

}  // namespace tune::architecture
