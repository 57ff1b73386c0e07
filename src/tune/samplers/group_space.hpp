#pragma once

#include <vector>

#include "tune/history.hpp"
#include "tune/samplers/relative_space.hpp"

namespace tune::samplers {

/// Optuna's group decomposition of a conditional space: the parameters of `trials` (scored ones, ascending)
/// in groups, two parameters in one group when they occur in the same trials. Groups come in the order in
/// which Optuna splits them off; inside one, parameters by name. Only names count: a parameter whose range
/// changed keeps the distribution of the first of `trials` that has it. Parameters with a single possible
/// value are left out, and groups of them alone. O(n · d log n), and less where trials repeat the parameters of
/// earlier ones.
[[nodiscard]] std::vector<std::vector<CommonParameter>> group_decomposed_space(
    const HistoryView& history, const std::vector<std::size_t>& trials);

}  // namespace tune::samplers
