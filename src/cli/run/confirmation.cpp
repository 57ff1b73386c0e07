#include "cli/run/confirmation.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "tune/random.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;

bool is_candidate(const FrozenTrial& trial) {
  if (trial.state != tune::TrialState::kComplete || trial.values.size() != 1) return false;
  const auto constraints = trial.constraints();
  return std::all_of(constraints.begin(), constraints.end(), [](double value) { return value <= 0.0; });
}

Json point_of(const FrozenTrial& trial) {
  Json point = Json::object();
  for (const tune::Param& param : trial.params) point[param.name] = json_value(param.external());
  return point;
}

/// The same whatever the order of suggestion was.
std::string configuration_text(const FrozenTrial& trial) {
  return nlohmann::json(point_of(trial)).dump();
}

std::optional<std::int64_t> index_of(const FrozenTrial& trial) {
  const auto found = trial.system_attrs.find(tune::kPointKey);
  const Json index = found == trial.system_attrs.end() ? Json() : json_of_attribute(found->second);
  return index.is_number_integer() ? std::optional(index.get<std::int64_t>()) : std::nullopt;
}

/// The entry of the space that the parameter comes from: its own, or that of all layers.
Json* entry_of(Json& space, const std::string& name) {
  if (const auto own = space.find(name); own != space.end()) return &*own;
  const auto all_layers = space.find(name.substr(0, name.rfind("_l")));
  return all_layers == space.end() ? nullptr : &*all_layers;
}

/// The range may have become narrower after the trial: a listed point must be within it all the same.
void widen(Json& entry, const Json& value) {
  if (!entry.contains("low") || !entry.contains("high") || !value.is_number()) return;
  if (value >= entry["low"] && value <= entry["high"]) return;
  entry[value < entry["low"] ? "low" : "high"] = value;
  entry.erase("step");
}

void widen_for(Json& space, const FrozenTrial& trial) {
  for (const tune::Param& param : trial.params) {
    if (Json* entry = entry_of(space, param.name)) widen(*entry, json_value(param.external()));
  }
}

std::uint64_t new_seed(std::uint64_t seed, const std::string& name) {
  return tune::RandomStream({seed, 0, tune::Purpose::kConfirmation, tune::stable_hash(name)})();
}

}  // namespace

std::optional<Confirmed> confirmed_by(const tune::StudyRecord& study) {
  const auto found = study.system_attrs.find(kConfirmsKey);
  if (found == study.system_attrs.end()) return std::nullopt;
  const Json kept = json_of_attribute(found->second);
  if (!kept.is_object() || !kept.contains("study") || !kept["study"].is_string() || !kept.contains("trials") ||
      !kept["trials"].is_array()) {
    return std::nullopt;
  }
  Confirmed confirmed{kept["study"].get<std::string>(), {}, 0};
  if (const auto top = kept.find("top"); top != kept.end() && top->is_number_integer()) {
    confirmed.top = top->get<std::int64_t>();
  }
  for (const Json& number : kept["trials"]) {
    if (!number.is_number_integer()) return std::nullopt;
    confirmed.trials.push_back(number.get<std::int64_t>());
  }
  return confirmed;
}

tune::Attributes confirming_attributes(const Confirmed& confirmed) {
  return {{kConfirmsKey,
           Json{{"study", confirmed.study}, {"trials", confirmed.trials}, {"top", confirmed.top}}.dump()}};
}

std::vector<FrozenTrial> best_configurations(std::vector<FrozenTrial> trials, tune::Direction direction,
                                             std::size_t n) {
  std::erase_if(trials, [](const FrozenTrial& trial) { return !is_candidate(trial); });
  std::stable_sort(trials.begin(), trials.end(), [&](const FrozenTrial& a, const FrozenTrial& b) {
    const double x = a.values.front();
    const double y = b.values.front();
    return direction == tune::Direction::kMaximize ? x > y : x < y;
  });
  std::vector<FrozenTrial> best;
  std::unordered_set<std::string> known;
  for (FrozenTrial& trial : trials) {
    if (best.size() == n) break;
    if (known.insert(configuration_text(trial)).second) best.push_back(std::move(trial));
  }
  return best;
}

std::string confirming_study_file(const std::string& study, std::uint64_t seed, const std::string& name,
                                  const std::vector<FrozenTrial>& trials, std::int64_t n_replicates) {
  Json file = Json::parse(study);
  const std::uint64_t own_seed = new_seed(seed, name);
  file["name"] = name;
  file["sampler"] = {{"type", "none"}, {"seed", own_seed}};
  file["pruner"] = {{"type", "nop"}};
  file["replicates"] = n_replicates;
  file["training_seed"] = own_seed;
  file["points"] = Json::array();
  for (const FrozenTrial& trial : trials) {
    file["points"].push_back(point_of(trial));
    widen_for(file["space"], trial);
  }
  for (const char* key : {"storage", "duplicates", "reproducible"}) file.erase(key);
  // What a trial may cost still holds; nothing ends a study whose trials are all listed.
  if (file.contains("limits")) file["limits"].erase("stagnation");
  return file.dump();
}

std::vector<Replicates> replicates_by_point(const std::vector<FrozenTrial>& trials, std::size_t n_points,
                                            std::int64_t n_replicates) {
  std::vector<Replicates> values(n_points);
  for (const FrozenTrial& trial : trials) {
    const auto index = index_of(trial);
    const bool is_of_a_point = index && *index >= 0 && static_cast<std::size_t>(*index) < n_points;
    if (!is_of_a_point || !is_candidate(trial)) continue;
    values[static_cast<std::size_t>(*index)].emplace(trial.number.value % n_replicates, trial.values.front());
  }
  return values;
}

}  // namespace fmnist_tune
