#include "cli/run/waiting.hpp"

#include <fmt/format.h>

#include "cli/output/table.hpp"
#include "tune/storages/claims.hpp"

namespace fmnist_tune {

std::vector<AwaitedTrial> awaited_trials(const std::vector<tune::FrozenTrial>& trials, const tune::Owner& self,
                                         const tune::TakeoverRules& rules) {
  std::vector<AwaitedTrial> awaited;
  for (const tune::FrozenTrial& trial : trials) {
    const auto claim = tune::storages::claim_of(trial);
    if (!claim || claim->owner == self) continue;
    const auto state = tune::liveness(claim->owner);
    if (state == tune::Liveness::kDead) continue;
    AwaitedTrial one{trial.number, state == tune::Liveness::kUnknown, {}};
    one.text = fmt::format("waiting for trial {}, which process {} on host {} runs", trial.number.value,
                           claim->owner.pid, printable(claim->owner.host));
    if (one.may_be_gone) {
      one.text += fmt::format(
          "; whether it still runs cannot be told from here, so the trial is taken over when nothing has been "
          "heard of it for {} s",
          rules.lease.count());
    }
    awaited.push_back(std::move(one));
  }
  return awaited;
}

std::string takeover_text(const tune::TakenOver& taken) {
  std::string text;
  if (!taken.requeued.empty()) {
    text = fmt::format("{} trial(s) of a process that ended are back in the queue", taken.requeued.size());
  }
  for (const tune::TrialNumber number : taken.failed) {
    text += fmt::format("{}trial {} is FAIL: process after process that ran it ended without a word",
                        text.empty() ? "" : "; ", number.value);
  }
  return text;
}

}  // namespace fmnist_tune
