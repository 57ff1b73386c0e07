#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "tune/history.hpp"

namespace tune {

/// When a study of one objective stops beginning trials because so many in a row, in number order, brought no
/// better value. Trials that are not COMPLETE, and infeasible ones, bring none. Results count from `lag` trials
/// on, and only those of trials whose predecessors are all finished: so the answer depends on results alone.
class Stagnation {
 public:
  Stagnation(std::int64_t limit, std::int64_t lag) : limit_(limit), lag_(lag) {}

  /// The number of trials after which none begins, once that is known. Cost: O(1) a trial that is new.
  [[nodiscard]] std::optional<std::int64_t> last_size(const History& history);

 private:
  std::int64_t limit_;
  std::int64_t lag_;
  std::int64_t n_seen_ = 0;
  std::int64_t best_number_ = -1;
  double best_value_ = std::numeric_limits<double>::quiet_NaN();
  std::optional<std::int64_t> last_size_;
};

}  // namespace tune
