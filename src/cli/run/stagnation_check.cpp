#include "cli/run/stagnation_check.hpp"

#include "cli/run/known_objectives.hpp"
#include "cli/run/study_check.hpp"
#include "tune/history.hpp"
#include "tune/stagnation.hpp"
#include "tune/storages/sqlite_reader.hpp"

namespace fmnist_tune {
namespace {

bool is_unchanged(const Session& session, const tune::StudyRecord& study) {
  const Resumption resumption =
      check_resumable(study, session.config(), session.request().seed, known_manifests(),
                      [] { return std::vector<tune::FrozenTrial>(); });
  return !resumption.made_elsewhere && resumption.remarks.empty();
}

}  // namespace

bool has_stagnated(const Session& session, const Standing& standing) {
  const auto& limit = session.config().limits.stagnation;
  if (!limit || !standing.study || standing.study->n_running > 0 || standing.study->n_waiting > 0 ||
      !is_unchanged(session, standing.study->study)) {
    return false;
  }
  tune::History history(standing.study->study.directions);
  tune::SqliteReader reader(session.storage());
  for (const auto& trial : reader.trials(standing.study->study.id)) history.apply(trial);
  const auto size =
      tune::Stagnation(*limit, session.config().reproducible_window.value_or(1)).last_size(history);
  return size && static_cast<std::int64_t>(history.size()) >= *size;
}

}  // namespace fmnist_tune
