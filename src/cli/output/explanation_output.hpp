#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "tune/analysis/explanation.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/search_space.hpp"

namespace fmnist_tune {

/// A trial and why it is as it is.
struct ExplainedTrial {
  tune::FrozenTrial trial;
  tune::Explanation explanation;
  tune::SearchSpace space;   ///< The study's; empty for a study without a study file.
  std::string sampler_name;  ///< The one that the study has now; empty likewise.
};

/// For a person: what came from where, the trials that were held for good and for others, the best candidates,
/// and a sentence for each decision.
[[nodiscard]] std::string explanation_text(const ExplainedTrial& explained, std::optional<std::size_t> width);

/// Everything: `number, state, origin, original, confirmed, seen, redraws, moved, costly, given, reason,
/// decisions`,
/// the latter with all candidates; none when the suggestion is not confirmed.
[[nodiscard]] Json explanation_json(const ExplainedTrial& explained);

/// "0-3, 7, 9-11".
[[nodiscard]] std::string ranges_text(const std::vector<std::size_t>& ascending);

}  // namespace fmnist_tune
