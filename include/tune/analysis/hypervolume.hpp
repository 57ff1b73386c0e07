#pragma once

#include <span>

#include "tune/frozen_trial.hpp"

namespace tune {

/// How much of the space of objectives the trials cover: the volume of the points that are no better than some
/// feasible COMPLETE trial and no worse than `reference_point`. Grows whenever the Pareto front gets better.
/// The last value of Optuna's hypervolume history.
///
/// `reference_point` has one value an objective, in the objective's own unit and direction: the worst result
/// of interest, such as an accuracy of 0.8 (maximize) and 60 seconds (minimize). A trial worse than that in any
/// objective adds nothing. 0 without trials; infinite when a trial that counts has an infinite value.
///
/// While et al., "A fast way of calculating exact hypervolumes", IEEE Trans. Evol. Comput. 16, 2012. O(n²) for
/// n trials on the front and up to three objectives, exponential in the objectives beyond. Throws
/// InvalidArgument when the reference point has another number of values than `directions` or one that is not
/// finite, and what `pareto_front` throws.
[[nodiscard]] double hypervolume(std::span<const FrozenTrial> trials, std::span<const Direction> directions,
                                 std::span<const double> reference_point);

}  // namespace tune
