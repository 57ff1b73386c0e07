#pragma once

#include "tune/pruners/registry.hpp"

namespace tune {

/// Never prunes (Optuna's NopPruner).
class NopPruner final : public Pruner {
 public:
  [[nodiscard]] std::string_view name() const override { return "nop"; }
  [[nodiscard]] PruneDecision decide(const PruningContext& context) const override;
  [[nodiscard]] bool uses_other_trials() const override { return false; }
};

[[nodiscard]] PrunerEntry nop_pruner_entry();

}  // namespace tune
