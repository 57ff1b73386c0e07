#pragma once

#include "cli/output/explanation_output.hpp"
#include "cli/output/table.hpp"

namespace fmnist_tune {

/// A row a candidate: `decision, candidate, chosen`, of TPE `log_l, log_g`, of a Gaussian process `mean,
/// deviation`, `score`, its parameters as `params_…`, and of TPE the share of each parameter alone as
/// `score_…`.
[[nodiscard]] Table candidates_table(const ExplainedTrial& explained);

}  // namespace fmnist_tune
