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

/// The mark that a trial must carry for the claim to hold.
[[nodiscard]] std::string expected_mark(const Claim& claim);
/// Throws StaleClaim with what was found instead.
[[noreturn]] void throw_stale(const Claim& claim, std::string_view found);

/// Throws StudyNotFound.
[[noreturn]] void throw_no_study(StudyId study);
/// The claim under which one of our trials runs; nothing for a trial that does not run or is not ours.
[[nodiscard]] std::optional<Claim> claim_of(const FrozenTrial& trial);

/// A trial whose worker is gone, and how much of it its checkpoint saved.
struct DeadClaim {
  Claim claim;
  std::optional<std::int64_t> keep_through_step;
};
/// Asks the caller's functions, which may look at processes and files and so must run under no lock.
[[nodiscard]] std::vector<DeadClaim> dead_among(
    std::span<const Claim> claims, const std::function<bool(const Owner&)>& is_dead,
    const std::function<std::optional<std::int64_t>(TrialNumber)>& kept_step);

}  // namespace tune::storages
