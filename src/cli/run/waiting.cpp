#include "cli/run/waiting.hpp"

#include <fmt/format.h>

#include "cli/output/table.hpp"
#include "cli/shell_text.hpp"
#include "tune/storages/claims.hpp"

namespace fmnist_tune {
namespace {

/// Giving a trial up is Optuna's command: only a person can know that a process on another host is gone.
std::string way_out(tune::TrialNumber number, const StudyPlace& place) {
  const std::string url = "sqlite:///" + std::filesystem::absolute(place.storage).string();
  return fmt::format(
      "whether it still runs cannot be told from here; if it is gone, give its trial up with: optuna tell "
      "--storage {} --study-name={} --trial-number {} --state fail",
      shell_quoted(url), shell_quoted(place.study_name), number.value);
}

std::string owner_text(const std::optional<tune::Owner>& owner) {
  return owner ? fmt::format("process {} on host {}", owner->pid, printable(owner->host))
               : std::string("an unknown process");
}

}  // namespace

std::vector<AwaitedTrial> awaited_trials(const std::vector<tune::FrozenTrial>& trials, const tune::Owner& self,
                                         const StudyPlace& place) {
  std::vector<AwaitedTrial> awaited;
  for (const tune::FrozenTrial& trial : trials) {
    const auto stored = trial.system_attrs.find(std::string(tune::storages::kOwnerKey));
    if (trial.state != tune::TrialState::kRunning || stored == trial.system_attrs.end()) continue;
    const auto mark = tune::storages::owner_mark_from_json(stored->second);
    const std::optional<tune::Owner> owner = mark ? mark->owner : std::nullopt;
    if (owner == self) continue;
    const auto state = owner ? tune::liveness(*owner) : tune::Liveness::kUnknown;
    if (state == tune::Liveness::kDead) continue;
    AwaitedTrial one{trial.number, state == tune::Liveness::kUnknown, {}};
    one.text = fmt::format("waiting for trial {}, which {} runs", trial.number.value, owner_text(owner));
    if (one.may_be_gone) one.text += "; " + way_out(trial.number, place);
    awaited.push_back(std::move(one));
  }
  return awaited;
}

}  // namespace fmnist_tune
