#pragma once

#include <cstddef>
#include <string>

#include "cli/output/explanation_output.hpp"
#include "cli/output/table.hpp"

namespace fmnist_tune {

/// A parameter's internal value as people know it.
[[nodiscard]] tune::ParamValue external(const ExplainedTrial& explained, const std::string& parameter,
                                        double internal);

/// The same in a table; empty for the NaN of a candidate that lacks the parameter.
[[nodiscard]] Cell value_cell(const ExplainedTrial& explained, const std::string& parameter, double internal);

/// log l − log g of a candidate.
[[nodiscard]] double score(const tune::Weighing& weighing, std::size_t candidate);

}  // namespace fmnist_tune
