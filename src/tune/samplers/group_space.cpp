#include "tune/samplers/group_space.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace tune::samplers {
namespace {

using Group = std::vector<std::uint32_t>;  ///< Column indices.

/// Splits every group into what the trial has and what it lacks; what is left of the trial is a new group.
class Decomposition {
 public:
  explicit Decomposition(std::size_t n_columns) : has_(n_columns, 0) {}

  void add(const Group& columns) {
    for (const std::uint32_t column : columns) has_[column] = 1;
    std::vector<Group> next;
    for (Group& group : groups_) {
      const auto lacking =
          std::stable_partition(group.begin(), group.end(), [&](auto c) { return has_[c] != 0; });
      append(next, {group.begin(), lacking});
      append(next, {lacking, group.end()});
      for (auto c = group.begin(); c != lacking; ++c) has_[*c] = 0;
    }
    Group rest;
    for (const std::uint32_t column : columns) {
      if (std::exchange(has_[column], std::uint8_t{0}) != 0) rest.push_back(column);
    }
    append(next, std::move(rest));
    groups_ = std::move(next);
  }

  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

 private:
  static void append(std::vector<Group>& groups, Group group) {
    if (!group.empty()) groups.push_back(std::move(group));
  }

  std::vector<std::uint8_t> has_;  ///< By column: the trial has it, and no group did so far.
  std::vector<Group> groups_;
};

const Distribution& first_distribution(const Column& column, const std::vector<std::size_t>& trials) {
  const auto first =
      std::find_if(trials.begin(), trials.end(), [&](std::size_t number) { return column.has(number); });
  return column.distributions[column.distribution_of[*first]];
}

std::vector<CommonParameter> parameters_of(const HistoryView& history, const Group& group,
                                           const std::vector<std::size_t>& trials) {
  std::vector<CommonParameter> parameters;
  for (const std::uint32_t index : group) {
    const Column& column = history.columns()[index];
    const Distribution& distribution = first_distribution(column, trials);
    if (!is_single(distribution)) parameters.push_back({&column, &distribution});
  }
  std::sort(parameters.begin(), parameters.end(),
            [](const auto& a, const auto& b) { return a.column->name < b.column->name; });
  return parameters;
}

}  // namespace

std::vector<std::vector<CommonParameter>> group_decomposed_space(const HistoryView& history,
                                                                 const std::vector<std::size_t>& trials) {
  Decomposition decomposition(history.columns().size());
  std::set<Group> seen;
  for (const std::size_t number : trials) {
    const Group& columns = history.record(number).columns;
    if (seen.insert(columns).second) decomposition.add(columns);
  }
  std::vector<std::vector<CommonParameter>> space;
  for (const Group& group : decomposition.groups()) {
    auto parameters = parameters_of(history, group, trials);
    if (!parameters.empty()) space.push_back(std::move(parameters));
  }
  return space;
}

}  // namespace tune::samplers
