#include "cli/run/provenance.hpp"

#include <fmt/format.h>

#include <set>

#include "cli/command.hpp"
#include "cli/output/json.hpp"
#include "cli/run/study_check.hpp"

namespace fmnist_tune {
namespace {

/// The member that stands for the data: other data, other results.
constexpr const char* kDataChecksum = "data_crc32";
/// Device → what computes there, as "gemm (own)".
constexpr const char* kEngines = "engines";

Json object_of(const tune::Attributes& facts) {
  Json object = Json::object();
  for (const auto& [name, text] : facts) object[name] = json_of_attribute(text);
  return object;
}

bool names_engine(const StudyConfig& config) {
  const auto& settings = config.objective.settings.all();
  const auto found = settings.find(kEngineSetting);
  return found != settings.end() && !tune::same_value(found->second, std::string(kAutomaticEngine));
}

/// A device computes as before, a new one as some device did.
bool is_known(const Json& before, const std::string& device, const Json& engine) {
  if (const auto own = before.find(device); own != before.end()) return *own == engine;
  for (const Json& known : before) {
    if (known == engine) return true;
  }
  return false;
}

std::vector<std::string> unknown_engines(const Json& before, const Json& now) {
  std::vector<std::string> found;
  if (before.empty()) return found;
  for (const auto& [device, engine] : now.items()) {
    if (!is_known(before, device, engine)) found.push_back(fmt::format("{} with {}", device, engine.dump()));
  }
  return found;
}

/// "gemm" of "gemm (oneDNN)".
std::string kind_of(const Json& engine) {
  const std::string name = engine.is_string() ? engine.get<std::string>() : std::string();
  return name.substr(0, name.find(' '));
}

/// The same engine on the only device, over other products.
bool is_of_same_kind(const Json& before, const Json& now) {
  if (now.size() != 1) return false;
  const auto had = before.find(now.begin().key());
  return had != before.end() && kind_of(*had) == kind_of(now.begin().value());
}

/// What to do when this run would train otherwise.
std::string advice(const Json& before, const Json& now) {
  if (is_of_same_kind(before, now)) {
    return fmt::format(
        "The products of matrices differ on this processor or in this version. To go on with other last "
        "digits, name an engine in the study file: \"objective\": {{\"{0}\": \"{1}\"}} where all networks are "
        "such as {1} trains, {{\"{0}\": \"autograd\"}} for any",
        kEngineSetting, kind_of(now.begin().value()));
  }
  return fmt::format(
      "Choose other --devices, or name the engine in the study file to go on with another one, as in "
      "\"objective\": {{\"{}\": \"autograd\"}}",
      kEngineSetting);
}

void check_engines(const tune::StudyRecord& stored, const Json& before, const Json& now) {
  const auto unknown = unknown_engines(before, now);
  if (unknown.empty()) return;
  throw UsageError(
      fmt::format("study \"{}\" keeps what its trials were trained with: {}; this run would train on {}. {}. "
                  "Nothing was changed",
                  stored.name, before.dump(), fmt::join(unknown, ", "), advice(before, now)));
}

}  // namespace

Json kept_facts(const tune::StudyRecord& stored) {
  const auto kept = stored.system_attrs.find(kProvenanceKey);
  Json facts = kept == stored.system_attrs.end() ? Json() : Json::parse(kept->second, nullptr, false);
  return facts.is_object() ? facts : Json::object();
}

Json engines_of(const Json& facts) {
  const auto found = facts.find(kEngines);
  return found != facts.end() && found->is_object() ? *found : Json::object();
}

std::vector<std::string> unlike_provenance(const Json& kept, const tune::Attributes& now,
                                           const std::string& device) {
  std::vector<std::string> reasons;
  const auto compare = [&](const std::string& what, const Json& before, const Json& today) {
    if (before != today) reasons.push_back(fmt::format("{}: {} is now {}", what, before.dump(), today.dump()));
  };
  const Json today = object_of(now);
  for (const auto& [name, fact] : kept.items()) {
    if (name != kEngines) compare(name, fact, today.value(name, Json()));
  }
  compare(fmt::format("the engine of {}", device), engines_of(kept).value(device, Json()),
          engines_of(today).value(device, Json()));
  return reasons;
}

void check_data(const tune::StudyRecord& stored, const tune::Attributes& facts) {
  const Json before = kept_facts(stored);
  const Json now = object_of(facts);
  if (!before.contains(kDataChecksum) || !now.contains(kDataChecksum)) return;
  if (before[kDataChecksum] == now[kDataChecksum]) return;
  throw UsageError(fmt::format(
      "the data is not what study \"{}\" was begun with: checksum {} is now {}; nothing was changed",
      stored.name, before[kDataChecksum].dump(), now[kDataChecksum].dump()));
}

void check_one_engine(const StudyConfig& config, const tune::Attributes& now) {
  if (!config.reproducible_window) return;
  std::set<std::string> kinds;
  const Json engines = engines_of(object_of(now));
  for (const auto& [device, engine] : engines.items())
    kinds.insert(fmt::format("{} on {}", engine.dump(), device.substr(0, device.find(':'))));
  if (kinds.size() <= 1) return;
  throw UsageError(fmt::format(
      "\"reproducible\": this run would train with {}, and which trial meets which one is chance; choose "
      "--devices of one kind",
      fmt::join(kinds, ", ")));
}

ProvenanceReview review_provenance(const tune::StudyRecord& stored, const tune::Attributes& now,
                                   const StudyConfig& config) {
  const Json before = kept_facts(stored);
  Json today = object_of(now);
  check_data(stored, now);
  const Json engines = engines_of(before);
  if (!names_engine(config)) check_engines(stored, engines, engines_of(today));
  if (today.contains(kEngines)) {
    Json all = engines;
    all.update(engines_of(today));
    today[kEngines] = std::move(all);
  }
  Json kept = before;
  kept.update(today);
  ProvenanceReview review{kept.dump(), {}};
  if (before.empty()) return review;
  for (const auto& [name, fact] : kept.items()) {
    const std::string was = before.contains(name) ? before[name].dump() : "not known";
    if (was != fact.dump()) review.remarks.push_back(fmt::format("{}: {} is now {}", name, was, fact.dump()));
  }
  return review;
}

std::optional<std::string> engine_to_keep(const tune::StudyRecord& stored, const tune::Attributes& now,
                                          const StudyConfig& config) {
  const Json engines = engines_of(kept_facts(stored));
  if (names_engine(config) || unknown_engines(engines, engines_of(object_of(now))).empty()) return std::nullopt;
  std::set<std::string> names;
  for (const Json& engine : engines) {
    const auto* text = engine.get_ptr<const std::string*>();
    // What follows the first word is a detail that cannot be asked for.
    if (text != nullptr) names.insert(text->substr(0, text->find(' ')));
  }
  return names.size() == 1 ? std::optional(*names.begin()) : std::nullopt;
}

std::string provenance_json(const tune::Attributes& facts) {
  return object_of(facts).dump();
}

}  // namespace fmnist_tune
