#include "cli/run/storage_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "cli/options.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

/// A name may hold anything, a file of that name may not stand in another folder.
std::string default_storage(const std::string& study_name) {
  std::string file = study_name;
  std::replace(file.begin(), file.end(), '/', '_');
  return file + ".db";
}

}  // namespace

std::filesystem::path storage_for(const std::optional<std::string>& given, const StudyConfig& config) {
  if (given) return storage_path(*given);
  return config.storage ? storage_path(*config.storage) : std::filesystem::path(default_storage(config.name));
}

bool is_there(const std::filesystem::path& storage) {
  std::error_code error;
  const bool found = std::filesystem::exists(storage, error);
  if (error) throw tune::StorageError(fmt::format("storage {}: {}", storage.string(), error.message()));
  return found;
}

bool is_study_file(const std::string& argument) {
  if (argument.ends_with(".json")) return true;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(argument, ignored)) return false;
  char first = '\0';
  std::ifstream(argument) >> first;
  return first == '{';
}

}  // namespace fmnist_tune
