#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tune/frozen_trial.hpp"
#include "tune/samplers/reasons.hpp"
#include "tune/study.hpp"

namespace tune {

/// Why a trial has the parameters it has.
struct Explanation {
  enum class Origin : std::uint8_t {
    kSuggested,   ///< The sampler decided at least one of them.
    kEnqueued,    ///< It was put into the queue with all of them.
    kReplicate,   ///< It repeats the configuration of trial `original`.
    kNotRecorded  ///< Nothing says what the sampler could see: another program made the trial.
  };

  Origin origin = Origin::kNotRecorded;
  TrialNumber original;        ///< For kReplicate.
  std::size_t n_complete = 0;  ///< What the sampler could see, as the next ones; for kSuggested.
  std::size_t n_pruned = 0;
  std::size_t n_running = 0;
  std::uint64_t n_redraws = 0;  ///< Draws turned down because other trials had them.
  bool is_moved = false;        ///< All were: it is the nearest configuration to the first that no trial had.
  /// Configurations that were left out as they would have been rejected for their cost (StudyOptions).
  std::uint64_t n_costly = 0;
  std::vector<std::string> given;  ///< Parameters that the trial was enqueued with, whatever `reasons` say.
  /// How the parameters came about, where `is_confirmed`.
  std::vector<Reason> reasons;
  /// The suggestion computed again has the parameters that the trial has. False when the study's sampler, its
  /// options, the space or the seed are others now.
  bool is_confirmed = false;
};

/// Computes the suggestion of trial `number` again, from what the sampler could see when it was asked for: each
/// trial stores which others were finished and which ran. A space that is not declared is decided parameter by
/// parameter while the trial runs; what finished meanwhile may make the suggestion another one.
///
/// `options` are those of the study; its storage and `is_affordable` are not used, as trials keep the answers.
/// `trials` are all of its trials by number. Throws InvalidArgument when there is no such trial, FormatError
/// when what is stored with it cannot be read. Costs as much as loading the study and asking once.
[[nodiscard]] Explanation explain_suggestion(const StudyOptions& options, std::span<const FrozenTrial> trials,
                                             TrialNumber number);

}  // namespace tune
