#include "tune/storages/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tune/distribution.hpp"

namespace tune::storages {

namespace {

/// The members of a mark that tell the owner.
std::string members_of(const Owner& owner) {
  return fmt::format(R"("host": {}, "boot_id": {}, "pid": {}, "start_time": {}, "pid_namespace": {}, )",
                     tune::to_json(ParamValue(owner.host)), tune::to_json(ParamValue(owner.boot_id)), owner.pid,
                     owner.start_time, owner.pid_namespace);
}

std::string mark_text(std::string_view members, std::int64_t epoch) {
  return fmt::format(R"({{{}"epoch": {}}})", members, epoch);
}

}  // namespace

std::string to_json(const OwnerMark& mark) {
  return mark_text(mark.owner ? members_of(*mark.owner) : std::string(), mark.epoch);
}

std::optional<OwnerMark> owner_mark_from_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("epoch") || !json["epoch"].is_number_integer()) {
    return std::nullopt;
  }
  OwnerMark mark{std::nullopt, json["epoch"].get<std::int64_t>()};
  if (!json.contains("host")) {
    return mark;
  }
  const bool complete = json["host"].is_string() && json.contains("boot_id") && json["boot_id"].is_string() &&
                        json.contains("pid_namespace") && json["pid_namespace"].is_number_integer() &&
                        json.contains("pid") && json["pid"].is_number_integer() &&
                        json.contains("start_time") && json["start_time"].is_number_integer();
  if (!complete) {
    return std::nullopt;
  }
  mark.owner = Owner{json["host"].get<std::string>(), json["boot_id"].get<std::string>(),
                     json["pid"].get<std::int64_t>(), json["start_time"].get<std::uint64_t>(),
                     json["pid_namespace"].get<std::uint64_t>()};
  return mark;
}

std::string expected_mark(const Claim& claim) {
  return mark_text(members_of(claim.owner), claim.epoch);
}

bool holds(const Claim& claim, std::string_view mark) {
  if (!is_nobody(claim.owner)) return mark == expected_mark(claim);
  const auto found = owner_mark_from_json(mark);
  return !found || !found->owner;
}

bool is_nobody(const Owner& owner) {
  return owner == Owner{};
}

void throw_stale(const Claim& claim, std::string_view found) {
  throw StaleClaim(fmt::format("trial {} is no longer held by this worker: {}", claim.number.value, found));
}

void throw_no_study(StudyId study) {
  throw StudyNotFound(fmt::format("no study has the id {}", study.value));
}

std::optional<Claim> claim_of(const FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(kOwnerKey);
  if (trial.state != TrialState::kRunning || stored == trial.system_attrs.end()) {
    return std::nullopt;
  }
  const auto mark = owner_mark_from_json(stored->second);
  if (!mark || !mark->owner) {
    return std::nullopt;
  }
  return Claim{trial.id, trial.number, *mark->owner, mark->epoch};
}

namespace {

/// Nothing for what is no heartbeat: somebody else's attribute is never an error.
std::optional<Timestamp> heartbeat_from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_string()) {
    return std::nullopt;
  }
  try {
    return timestamp_from_string(json.get<std::string>());
  } catch (const FormatError&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Holder> holder_of(const FrozenTrial& trial) {
  const auto claim = claim_of(trial);
  if (!claim) {
    return std::nullopt;
  }
  Holder holder{*claim, trial.datetime_start.value_or(Timestamp{})};
  const auto beat = trial.system_attrs.find(kHeartbeatKey);
  if (beat != trial.system_attrs.end()) {
    holder.last_seen = std::max(holder.last_seen, heartbeat_from_json(beat->second).value_or(Timestamp{}));
  }
  return holder;
}

std::string heartbeat_json(Timestamp time) {
  return '"' + to_string(time) + '"';
}

std::vector<DeadClaim> dead_among(std::span<const Holder> holders, const Takeover& takeover) {
  std::vector<DeadClaim> dead;
  for (const Holder& holder : holders) {
    if (takeover.is_dead(holder)) {
      const TrialNumber number = holder.claim.number;
      dead.push_back({holder.claim, takeover.kept_step ? takeover.kept_step(number) : std::nullopt});
    }
  }
  return dead;
}

}  // namespace tune::storages
