#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tune::pruners {

/// How Hyperband deals the trials of a study out to brackets.
class Brackets {
 public:
  /// Resources in [1, 2^53], reduction factor ≥ 2.
  Brackets(std::int64_t min_resource, std::int64_t max_resource, std::int64_t reduction_factor);

  /// Shares of the trials, one a bracket; empty when max_resource is too small for any.
  [[nodiscard]] const std::vector<std::int64_t>& budgets() const { return budgets_; }
  /// 0 without brackets. O(brackets + length of the name).
  [[nodiscard]] std::uint32_t bracket_of(std::string_view study_name, std::int64_t number) const;

 private:
  std::vector<std::int64_t> budgets_;
  std::int64_t total_ = 0;
};

}  // namespace tune::pruners
