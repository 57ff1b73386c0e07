#include "cli/run/known_objectives.hpp"

#include "fmnist/manifest.hpp"

namespace fmnist_tune {

Manifests known_manifests() {
  return {&fmnist::manifest()};
}

}  // namespace fmnist_tune
