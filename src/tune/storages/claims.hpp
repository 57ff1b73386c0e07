#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tune/storages/storage.hpp"

namespace tune::storages {

/// System attribute that says who runs a trial and how often it was handed out. A RUNNING trial without it is
/// not ours.
inline constexpr std::string_view kOwnerKey = "tune:owner";
/// System attribute with the time of the last heartbeat of that owner (JSON string); not there before the
/// first.
inline constexpr std::string_view kHeartbeatKey = "tune:heartbeat";
/// System attribute that counts the owners that ended without a word: `{"count": …, "step": …}`, the step that
/// the checkpoint had reached then; not there for none.
inline constexpr std::string_view kDeathsKey = "tune:deaths";

/// What `tune:owner` holds. A trial that went back to the queue keeps its epoch and loses its owner.
struct OwnerMark {
  std::optional<Owner> owner;
  std::int64_t epoch = 0;
};

/// `{"host": …, "boot_id": …, "pid": …, "start_time": …, "pid_namespace": …, "epoch": …}`, or `{"epoch": …}`
/// without an owner. The same mark always gives the same text, so marks are compared as texts.
[[nodiscard]] std::string to_json(const OwnerMark& mark);
/// Nothing when the text is not such a mark: somebody else's attribute is never an error.
[[nodiscard]] std::optional<OwnerMark> owner_mark_from_json(std::string_view text);

/// The mark of a claim that is not nobody's.
[[nodiscard]] std::string expected_mark(const Claim& claim);
/// Whether the claim holds for a RUNNING trial with this mark; empty: it carries none.
[[nodiscard]] bool holds(const Claim& claim, std::string_view mark);
[[nodiscard]] bool is_nobody(const Owner& owner);
/// Throws StaleClaim with what was found instead.
[[noreturn]] void throw_stale(const Claim& claim, std::string_view found);

/// Throws StudyNotFound.
[[noreturn]] void throw_no_study(StudyId study);
/// The claim under which one of our trials runs; nothing for a trial that does not run or is not ours.
[[nodiscard]] std::optional<Claim> claim_of(const FrozenTrial& trial);

/// Who runs one of our trials; nothing for a trial that does not run or is not ours.
[[nodiscard]] std::optional<Holder> holder_of(const FrozenTrial& trial);

/// The heartbeat attribute of that time.
[[nodiscard]] std::string heartbeat_json(Timestamp time);

/// A trial whose worker is gone, and how much of it its checkpoint saved.
struct DeadClaim {
  Claim claim;
  std::optional<std::int64_t> keep_through_step;
};
/// Asks the caller's functions, which may look at processes and files and so must run under no lock.
[[nodiscard]] std::vector<DeadClaim> dead_among(std::span<const Holder> holders, const Takeover& takeover);

}  // namespace tune::storages
