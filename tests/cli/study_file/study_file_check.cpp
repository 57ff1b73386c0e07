/// Reads study files and prints, for each, `FILE: ok` or the reader's complaints. `--manifest toy` (default) or
/// `fmnist` chooses the objective; `--schema` prints the JSON Schema for it instead.

#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

#include "cli/study_file/module_manifest.hpp"
#include "cli/study_file/schema.hpp"
#include "cli/study_file/study_config.hpp"
#include "command/manifest.hpp"
#include "fmnist/manifest.hpp"
#include "test_manifest.hpp"

namespace {

bool check(const char* path, const fmnist_tune::Manifests& manifests) {
  try {
    (void)fmnist_tune::read_study_file(path, manifests);
    std::cout << path << ": ok\n";
    return true;
  } catch (const fmnist_tune::StudyFileError& error) {
    std::cout << error.what() << '\n';
    return false;
  }
}

int run(const std::vector<const char*>& arguments) {
  fmnist_tune::Manifests manifests{&fmnist_tune::testing::test_manifest(), &command::manifest(),
                                   &fmnist_tune::open_module_manifest()};
  bool all_good = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--manifest" && i + 1 < arguments.size()) {
      const bool real = std::string_view(arguments[++i]) == "fmnist";
      manifests.front() = real ? &fmnist::manifest() : &fmnist_tune::testing::test_manifest();
    } else if (argument == "--schema") {
      std::cout << fmnist_tune::study_schema(manifests);
    } else {
      all_good = check(arguments[i], manifests) && all_good;
    }
  }
  return all_good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "study_file_check: " << error.what() << '\n';
    return 2;
  }
}
