#include "tune/pruners/pruner.hpp"

namespace tune {

RandomStream PruningContext::stream() const {
  return RandomStream({.seed = seed,
                       .trial = static_cast<std::uint64_t>(number.value),
                       .purpose = Purpose::kPruning,
                       .index = 0});
}

}  // namespace tune
