#include "tune/trial_checkpoints.hpp"

#include <limits>
#include <utility>

#include "tune/error.hpp"

namespace tune {

TrialCheckpoints::TrialCheckpoints(CheckpointFolder* folder, TrialNumber trial, std::string fingerprint,
                                   CheckpointHooks hooks)
    : folder_(folder), trial_(trial), fingerprint_(std::move(fingerprint)), hooks_(std::move(hooks)) {}

std::chrono::duration<double> TrialCheckpoints::interval() const {
  constexpr std::chrono::duration<double> kNever{std::numeric_limits<double>::infinity()};
  return folder_ == nullptr ? kNever : folder_->interval();
}

bool TrialCheckpoints::begin_anew(std::string_view reason) {
  hooks_.on_refused(trial_, reason);
  return false;
}

bool TrialCheckpoints::resume(const Take& take) {
  if (folder_ == nullptr) return false;
  const FoundCheckpoint found = folder_->load(trial_, fingerprint_);
  if (!found.refusal.empty()) return begin_anew(found.refusal);
  if (!found.checkpoint) return false;
  try {
    take(*found.checkpoint);
  } catch (const FormatError& error) {
    return begin_anew(error.what());
  }
  time_before_ = std::chrono::duration<double>(found.checkpoint->seconds);
  hooks_.on_resume(trial_, found.checkpoint->step);
  return true;
}

bool TrialCheckpoints::save(const Checkpoint& checkpoint) {
  if (folder_ == nullptr || is_closed_) return false;
  const auto problem = folder_->save(trial_, fingerprint_, checkpoint);
  if (problem) hooks_.on_not_saved(trial_, *problem);
  return !problem;
}

}  // namespace tune
