#include "cli/run/known_objectives.hpp"

#include "cli/study_file/module_manifest.hpp"
#include "command/manifest.hpp"
#include "fmnist/manifest.hpp"

namespace fmnist_tune {

Manifests known_manifests() {
  return {&fmnist::manifest(), &command::manifest(), &open_module_manifest()};
}

}  // namespace fmnist_tune
