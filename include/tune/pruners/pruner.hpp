#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tune/history.hpp"
#include "tune/random.hpp"

namespace tune {

/// All a pruner is given for one decision. The trial's reports are in the history, the one just made
/// included.
struct PruningContext {
  HistoryView history;
  TrialNumber number;
  std::uint64_t seed = 0;
  std::string_view study_name;

  [[nodiscard]] RandomStream stream() const;
};

/// Why a trial was pruned: the four numbers that `explain` shows. Each pruner's header says what they are.
struct PruneReason {
  double value = 0.0;      ///< What the trial reached.
  double threshold = 0.0;  ///< What it was held against; NaN when the value alone was enough.
  std::int64_t step = 0;   ///< At which step.
  std::int64_t n = 0;      ///< How many trials the threshold was computed from.
};

struct PruneDecision {
  bool prune = false;
  std::optional<PruneReason> reason;  ///< Set when `prune`.
  Attributes system_attrs;            ///< To be stored with the report (rungs).
};

/// The groups that a pruner divides a study's trials into, by trial number; empty for no division.
struct TrialGroups {
  std::int64_t key = 0;  ///< What the pruner made them from.
  std::vector<std::uint32_t> of_trial;
};

/// Decides whether a running trial should stop. Follows Optuna's BasePruner, without state: one pruner may
/// serve any number of threads.
class Pruner {
 public:
  virtual ~Pruner() = default;
  /// The name in the study file: "median", "nop".
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual PruneDecision decide(const PruningContext& context) const = 0;

  /// Whether a decision depends on other trials than the one judged: only then a study looks, at each report,
  /// for what other processes have stored.
  [[nodiscard]] virtual bool uses_other_trials() const { return true; }

  /// Brings `groups`, empty or what an earlier call on this study left, up to date. A sampler is shown only the
  /// group of the trial that asks. The study calls this before each suggestion; the default divides nothing.
  virtual void group_trials(const PruningContext& context, TrialGroups& groups) const;
};

}  // namespace tune
