#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tune/storages/storage.hpp"

/// What the operations of a storage mean, apart from where trials are kept. Every storage applies these, so
/// that they cannot differ.
namespace tune::storages {

// --- checks; each throws InvalidArgument ---
void check_new_study(const NewStudy& study);
/// Names and values that Optuna can read back.
void check_attributes(const Attributes& attributes);
void check_new_trial(const NewTrial& trial);
/// A finite number, or the index of a choice.
void check_param(const Param& param);
void check_report(const IntermediateValue& report);
void check_outcome(const Outcome& outcome, std::size_t n_objectives);
void check_added_trial(const FrozenTrial& trial, std::size_t n_objectives);
/// Whether `wanted` must be stored: false when the trial has exactly this parameter already. Throws when it has
/// another one of that name.
[[nodiscard]] bool is_new_param(const FrozenTrial& trial, const Param& wanted);

// --- reserving ---
struct StudyLoad {
  std::int64_t finished = 0;
  std::int64_t running = 0;  ///< Those that carry an owner mark.
  std::int64_t size = 0;     ///< Trials in any state.
  bool has_waiting = false;
};
/// kReserved means that one may be taken.
[[nodiscard]] ReserveStatus may_reserve(const StudyLoad& load, std::optional<std::int64_t> max_trials,
                                        std::optional<std::int64_t> max_size);

// --- transitions; they change the trial in place ---
/// WAITING or new → RUNNING. Returns the claim; the epoch is one more than that of the last owner. For nobody
/// no mark is made.
Claim hand_out(FrozenTrial& trial, const Owner& owner, Timestamp time);
/// Throws StaleClaim unless the claim holds.
void require_claim(const FrozenTrial& trial, const Claim& claim);
void finish(FrozenTrial& trial, const Outcome& outcome, Timestamp time);
/// RUNNING → WAITING. Parameters become `fixed_params` beside those already there; reports after
/// `keep_through_step` go, and so do the rung marks that were made by them; the others are kept aside for an
/// owner who goes on from there.
void put_back(FrozenTrial& trial, std::optional<std::int64_t> keep_through_step);
/// Counts one more owner that is gone and gives back how many there were since the trial's checkpoint last came
/// further: what makes progress does not end its processes.
std::int64_t count_death(FrozenTrial& trial, std::optional<std::int64_t> kept_step);
/// How a trial ends that has lost its last owner.
[[nodiscard]] Outcome death_of(const FrozenTrial& trial, std::int64_t n_deaths);
/// A trial as `add_trial` appends it: missing times set.
[[nodiscard]] FrozenTrial completed_for_adding(FrozenTrial trial, Timestamp time);
/// A WAITING trial as `enqueue` appends it.
[[nodiscard]] FrozenTrial queued(const NewTrial& trial);

/// Sets or replaces.
void merge_attributes(Attributes& into, const Attributes& from);

}  // namespace tune::storages
