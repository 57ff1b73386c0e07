#include "tune/affordability.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tune {

AffordableCheck recording_check(const AffordableCheck& check, std::vector<NumberRange>& costly) {
  return [&check, &costly, n_asked = std::size_t{0}](const ParamValues& params) mutable {
    const std::size_t question = n_asked++;
    const bool is_affordable = check(params);
    if (!is_affordable) append(costly, question);
    return is_affordable;
  };
}

AffordableCheck replaying_check(std::vector<NumberRange> costly) {
  return [costly = std::move(costly), n_asked = std::size_t{0}](const ParamValues&) mutable {
    const std::size_t question = n_asked++;
    return std::none_of(costly.begin(), costly.end(), [&](const NumberRange& range) {
      return range.first <= question && question <= range.last;
    });
  };
}

}  // namespace tune
