#include "tune/pruners/pruner.hpp"

namespace tune {

RandomStream PruningContext::stream() const {
  return RandomStream({.seed = seed,
                       .trial = static_cast<std::uint64_t>(number.value),
                       .purpose = Purpose::kPruning,
                       .index = 0});
}

void Pruner::group_trials(const PruningContext& /*context*/, TrialGroups& /*groups*/) const {}

}  // namespace tune
