#include "cli/run/trial_logs.hpp"

#include <system_error>

namespace fmnist_tune {

namespace fs = std::filesystem;

fs::path log_folder(const fs::path& storage, const std::string& study) {
  return fs::path(storage.string() + ".logs") / study;
}

void remove_logs(const fs::path& storage, const std::string& study) {
  if (study.empty() || study.front() == '.' || study.find('/') != std::string::npos) return;
  const fs::path folder = log_folder(storage, study);
  // Logs are of use without their study too: what cannot be removed stays.
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  fs::remove(folder.parent_path(), ignored);
}

}  // namespace fmnist_tune
