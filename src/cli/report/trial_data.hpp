#pragma once

#include <cstddef>
#include <string>

#include "cli/report/parameter_list.hpp"
#include "tune/frozen_trial.hpp"

namespace fmnist_tune::report {

/// How much of a trial goes into the page. Of longer lists evenly spread points are kept, the first and last
/// too.
struct TrialDetail {
  std::size_t n_reports = 500;
  std::size_t n_curve_points = 200;
};

/// What a page with so many trials can hold: about a million numbers in all.
[[nodiscard]] TrialDetail detail_for(std::size_t n_trials);

/// One trial as a JSON object on one line: `number`, `state`, and where they are there `values`, `params` (by
/// position, see ParameterList), `start` and `end` (milliseconds of Unix time), `reason`, `violation` (0:
/// feasible; only where there are constraints), `steps` and `reports`, `curves`, `attrs`, and `thinned` where
/// points were left out. Numbers that JSON does not know are strings, as everywhere.
[[nodiscard]] std::string trial_text(const tune::FrozenTrial& trial, const ParameterList& parameters,
                                     const TrialDetail& detail);

}  // namespace fmnist_tune::report
