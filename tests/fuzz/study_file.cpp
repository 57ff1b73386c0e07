#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cli/study_file/module_manifest.hpp"
#include "cli/study_file/study_config.hpp"
#include "command/manifest.hpp"
#include "fuzz/property.hpp"
#include "test_manifest.hpp"

/// Any bytes as a study file: a configuration, which reads as it was written, or complaints.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fmnist_tune;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Manifests manifests = {&testing::test_manifest(), &command::manifest(), &open_module_manifest()};
  tune::testing::is_taken([&] {
    const StudyConfig config = parse_study_text(text, "fuzz.json", manifests);
    bool same = false;
    const bool taken = tune::testing::is_taken(
        [&] { same = parse_study_text(config.text, "again.json", manifests).text == config.text; });
    tune::testing::require(taken && same, "a study file reads as it was kept");
  });
  return 0;
}
