#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/report/parameter_list.hpp"
#include "tune/frozen_trial.hpp"
#include "tune/storages/storage.hpp"

namespace fmnist_tune::report {

/// What a page shows, as JSON texts. `head` is an object without trials:
/// `format`, `study` {`name`, `directions`, `metrics`, `user_attrs`, `provenance`, `study_file`}, `parameters`,
/// `best` (numbers: the Pareto front; with one objective the trials that share the best value), `importances`.
struct StudyData {
  std::string head;
  std::vector<std::string> trials;  ///< By number, see trial_text.
};

/// `parameters` is the list to go on with: of the last call for the same study, or an empty one.
[[nodiscard]] StudyData study_data(const tune::StudyRecord& study, const std::vector<tune::FrozenTrial>& trials,
                                   ParameterList& parameters);

/// `{"page": …, …, "trials": [ … ]}`: what the page reads. `page` is an object of facts about this very page.
[[nodiscard]] std::string whole_text(const Json& page, const StudyData& data);

}  // namespace fmnist_tune::report
