#include "cli/run/study_changes.hpp"

#include <utility>

#include "cli/output/json.hpp"
#include "cli/run/study_check.hpp"

namespace fmnist_tune {
namespace {

/// Member of a change → the attribute of the study that it was.
constexpr std::pair<const char*, const char*> kKept[] = {{"study_file", kStudyFileKey},
                                                         {"provenance", kProvenanceKey}};

Json changes_of(const tune::StudyRecord& stored) {
  const auto kept = stored.system_attrs.find(kChangesKey);
  Json changes = kept == stored.system_attrs.end() ? Json() : Json::parse(kept->second, nullptr, false);
  return changes.is_array() ? changes : Json::array();
}

/// As both are written, times in UTC with all digits, their order is that of their texts.
bool is_before(const std::optional<tune::Timestamp>& time, const Json& until) {
  return time && until.is_string() && tune::to_string(*time) <= until.get<std::string>();
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& entry : list) {
    if (entry.is_string()) texts.push_back(entry.get<std::string>());
  }
  return texts;
}

}  // namespace

std::string with_change(const tune::StudyRecord& stored, const std::vector<std::string>& remarks,
                        tune::Timestamp now) {
  Json change = {{"until", tune::to_string(now)}, {"remarks", remarks}};
  for (const auto& [member, key] : kKept) {
    if (const auto kept = stored.system_attrs.find(key); kept != stored.system_attrs.end())
      change[member] = json_of_attribute(kept->second);
  }
  Json changes = changes_of(stored);
  changes.push_back(std::move(change));
  return changes.dump();
}

StudyThen study_then(const tune::StudyRecord& stored, const tune::FrozenTrial& trial) {
  StudyThen then{stored, {}};
  for (const Json& change : changes_of(stored)) {
    if (!change.is_object()) continue;
    const Json until = change.value("until", Json());
    if (!is_before(trial.datetime_start, until)) continue;
    if (!is_before(trial.datetime_complete, until)) {
      then.changes = texts_of(change.value("remarks", Json::array()));
      return then;
    }
    for (const auto& [member, key] : kKept) {
      if (change.contains(member)) then.study.system_attrs[key] = change[member].dump();
    }
    return then;
  }
  return then;
}

}  // namespace fmnist_tune
