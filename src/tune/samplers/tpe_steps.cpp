#include "tune/samplers/tpe_steps.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

#include "tune/samplers/relative_params.hpp"
#include "tune/value_order.hpp"

namespace tune::samplers {
namespace {

bool has_all(std::span<const TpeParameter> space, std::size_t number) {
  return std::all_of(space.begin(), space.end(), [&](const TpeParameter& parameter) {
    return parameter.column != nullptr && parameter.column->has(number);
  });
}

// Whether all of them have a value in that column. Those without one are mostly the newest.
bool is_full(const HistoryView& history, const Column* column, const std::vector<std::size_t>& trials) {
  if (column == nullptr) {
    return trials.empty();
  }
  std::size_t n_missing = history.size() - history.by_value(*column).size();
  for (std::size_t number = history.size(); number-- > 0 && n_missing > 0;) {
    if (column->has(number)) {
      continue;
    }
    --n_missing;
    if (std::binary_search(trials.begin(), trials.end(), number)) {
      return false;
    }
  }
  return true;
}

bool are_full(const HistoryView& history, std::span<const TpeParameter> space,
              const std::vector<std::size_t>& trials) {
  return std::all_of(space.begin(), space.end(),
                     [&](const TpeParameter& parameter) { return is_full(history, parameter.column, trials); });
}

// Reads the columns of trials that have all parameters, and the history's order of a column as positions among
// those trials.
class KnownValues {
 public:
  KnownValues(const HistoryView& history, std::span<const TpeParameter> space, std::vector<std::size_t> trials)
      : history_(history),
        space_(space),
        trials_(std::move(trials)),
        position_(history.size(), kNone),
        order_(trials_.size() + 1) {
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      position_[trials_[i]] = static_cast<std::uint32_t>(i);
    }
  }

  void read(std::size_t parameter, std::vector<double>& values) const {
    values.resize(trials_.size());
    if (trials_.empty()) {
      return;
    }
    const double* const column = space_[parameter].column->values.data();
    std::transform(trials_.begin(), trials_.end(), values.begin(),
                   [column](std::size_t number) { return column[number]; });
  }

  std::span<const std::uint32_t> order_of(std::size_t parameter) {
    const TpeParameter& of = space_[parameter];
    if (order_.size() == 1 || std::holds_alternative<CategoricalDistribution>(*of.distribution)) {
      return {};
    }
    const std::uint32_t* const position = position_.data();
    std::uint32_t* next = order_.data();
    for (const std::uint32_t number : history_.by_value(*of.column)) {
      const std::uint32_t found = position[number];
      *next = found;
      next += found != kNone ? 1 : 0;
    }
    return {order_.data(), next};
  }

 private:
  static constexpr auto kNone = static_cast<std::uint32_t>(-1);

  HistoryView history_;
  std::span<const TpeParameter> space_;
  std::vector<std::size_t> trials_;
  std::vector<std::uint32_t> position_;
  std::vector<std::uint32_t> order_;  ///< One longer than any order, for what is written past its end.
};

Observations observe_known(const HistoryView& history, std::span<const TpeParameter> space,
                           std::vector<std::size_t> trials) {
  const std::size_t n = trials.size();
  const auto known = std::make_shared<KnownValues>(history, space, std::move(trials));
  return {n, [known](std::size_t parameter, std::vector<double>& values) { known->read(parameter, values); },
          [known](std::size_t parameter) { return known->order_of(parameter); }};
}

// Appends the trial's values when it has, or has announced, all of them.
void append_announced(const HistoryView& history, std::span<const TpeParameter> space, std::size_t number,
                      ParzenEstimator::Columns& values) {
  const ParamValues decided = relative_params(history.record(number).system_attrs);
  std::vector<double> row;
  for (const TpeParameter& parameter : space) {
    if (parameter.column != nullptr && parameter.column->has(number)) {
      row.push_back(parameter.column->values[number]);
    } else if (const auto value = decided_value(decided, parameter.name, *parameter.distribution)) {
      row.push_back(*value);
    } else {
      return;
    }
  }
  for (std::size_t d = 0; d < space.size(); ++d) {
    values[d].push_back(row[d]);
  }
}

void append_known(std::span<const TpeParameter> space, std::size_t number, ParzenEstimator::Columns& values) {
  for (std::size_t d = 0; d < space.size(); ++d) {
    values[d].push_back(space[d].column->values[number]);
  }
}

// The values of trials of which some have only announced what they take: in the order of the trials all the
// same.
class AnnouncedValues {
 public:
  AnnouncedValues(const HistoryView& history, std::span<const TpeParameter> space,
                  const std::vector<std::size_t>& trials)
      : space_(space), columns_(space.size()) {
    for (const std::size_t number : trials) {
      if (has_all(space, number)) {
        append_known(space, number, columns_);
      } else if (history.state(number) == TrialState::kRunning) {
        append_announced(history, space, number, columns_);
      }
      if (numbers_.size() < size()) {
        numbers_.push_back(static_cast<std::uint32_t>(number));
      }
    }
  }

  [[nodiscard]] std::size_t size() const { return columns_.front().size(); }
  [[nodiscard]] const std::vector<double>& column(std::size_t parameter) const { return columns_[parameter]; }

  std::span<const std::uint32_t> order_of(std::size_t parameter) {
    const ValueOrder order(space_[parameter].name);
    const auto& values = columns_[parameter];
    order_.resize(size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return order.is_before(values[a], numbers_[a], values[b], numbers_[b]);
    });
    return order_;
  }

 private:
  std::span<const TpeParameter> space_;
  ParzenEstimator::Columns columns_;
  std::vector<std::uint32_t> numbers_;
  std::vector<std::uint32_t> order_;
};

Observations observe_announced(const HistoryView& history, std::span<const TpeParameter> space,
                               const std::vector<std::size_t>& trials) {
  const auto announced = std::make_shared<AnnouncedValues>(history, space, trials);
  return {announced->size(),
          [announced](std::size_t parameter, std::vector<double>& values) {
            values = announced->column(parameter);
          },
          [announced](std::size_t parameter) { return announced->order_of(parameter); }};
}

}  // namespace

Observations observe(const HistoryView& history, std::span<const TpeParameter> space,
                     const std::vector<std::size_t>& trials, bool read_relative_params) {
  if (are_full(history, space, trials)) {
    return observe_known(history, space, trials);
  }
  std::vector<std::size_t> known;
  known.reserve(trials.size());
  for (const std::size_t number : trials) {
    if (has_all(space, number)) {
      known.push_back(number);
    } else if (read_relative_params && history.state(number) == TrialState::kRunning) {
      return observe_announced(history, space, trials);
    }
  }
  return observe_known(history, space, std::move(known));
}

ParzenEstimator::Columns gather_observations(const HistoryView& history, std::span<const TpeParameter> space,
                                             const std::vector<std::size_t>& trials,
                                             bool read_relative_params) {
  const Observations observations = observe(history, space, trials, read_relative_params);
  ParzenEstimator::Columns columns(space.size());
  for (std::size_t d = 0; d < space.size(); ++d) {
    observations.read(d, columns[d]);
  }
  return columns;
}

std::vector<double> acquisition(const MixtureDensity& below, const MixtureDensity& above,
                                const MixtureDensity::Columns& points) {
  std::vector<double> scores = below.log_density(points);
  const std::vector<double> log_g = above.log_density(points);
  std::transform(scores.begin(), scores.end(), log_g.begin(), scores.begin(),
                 [](double l, double g) { return l - g; });
  return scores;
}

Weighing weigh(const TrialSplit& split, const ParzenEstimator& below, const ParzenEstimator& above,
               const ParzenEstimator::Columns& candidates, std::size_t chosen) {
  Weighing weighing{.below = split.below,
                    .above = split.above,
                    .candidates = candidates,
                    .log_l = below.log_density(candidates),
                    .log_g = above.log_density(candidates),
                    .shares = {},
                    .chosen = chosen};
  for (std::size_t d = 0; d < candidates.size(); ++d) {
    auto share = below.marginal_log_density(d, candidates[d]);
    const auto log_g = above.marginal_log_density(d, candidates[d]);
    std::transform(share.begin(), share.end(), log_g.begin(), share.begin(), std::minus<>());
    weighing.shares.push_back(std::move(share));
  }
  return weighing;
}

std::size_t first_best(std::span<const double> scores) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    if (scores[i] > scores[best] || (scores[best] != scores[best] && scores[i] == scores[i])) {
      best = i;
    }
  }
  return best;
}

}  // namespace tune::samplers
