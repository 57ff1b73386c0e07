#include "tune/pruners/nop.hpp"

namespace tune {

PruneDecision NopPruner::decide(const PruningContext& /*context*/) const {
  return {};
}

PrunerEntry nop_pruner_entry() {
  return {.name = "nop", .description = "Never prunes.", .options = {}, .make = [](const OptionValues&) {
            return std::make_shared<const NopPruner>();
          }};
}

}  // namespace tune
