#pragma once

#include <vector>

#include "tune/history_cursor.hpp"
#include "tune/samplers/sampler.hpp"

/// A sampler's questions for what is affordable, and asking them again where nobody can answer any more.
namespace tune {

/// Answers as `check`, and adds to `costly` which of its questions, counted from 0, it answered with no. Both
/// must outlive it; for one thread.
[[nodiscard]] AffordableCheck recording_check(const AffordableCheck& check, std::vector<NumberRange>& costly);

/// Answers as the check did whose record is `costly`; for one thread.
[[nodiscard]] AffordableCheck replaying_check(std::vector<NumberRange> costly);

}  // namespace tune
