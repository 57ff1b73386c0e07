#include "tune/taken_configurations.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "tune/error.hpp"
#include "tune/format/param_json.hpp"

namespace tune {
namespace {

struct ByValue {
  const Column& column;
  bool operator()(std::uint32_t number, double value) const { return column.values[number] < value; }
  bool operator()(double value, std::uint32_t number) const { return value < column.values[number]; }
};

std::span<const std::uint32_t> with_value(const History& history, const Param& param) {
  const Column* column = history.column(param.name);
  if (column == nullptr) return {};
  const auto numbers = history.by_value(*column);
  const auto [begin, end] = std::equal_range(numbers.begin(), numbers.end(), param.value, ByValue{*column});
  return {begin, end};
}

/// The trial's internal values in the order of the space; nothing when it is no configuration of it.
std::optional<std::vector<double>> values_within(const History& history, const SearchSpace& space,
                                                 std::size_t number) {
  std::vector<double> values;
  ParamValues decided;
  for (const ParameterDeclaration& declaration : space.parameters()) {
    if (!SearchSpace::is_active(declaration, decided)) continue;
    const Column* column = history.column(declaration.name);
    if (column == nullptr || !column->has(number)) return std::nullopt;
    values.push_back(column->value(number));
    if (!contains(declaration.distribution, values.back())) return std::nullopt;
    decided.emplace(declaration.name, to_external(declaration.distribution, values.back()));
  }
  const bool has_others = values.size() != history.trial(number).columns.size();
  return has_others ? std::nullopt : std::optional(std::move(values));
}

/// Whether a trial that must take `given` will have these parameters: what it gives beside them does not exist
/// under those values, and what it leaves out it decides only if there is more than one value.
bool leads_to(const ParamValues& given, std::span<const Param> params) {
  return std::all_of(params.begin(), params.end(), [&](const Param& param) {
    const auto value = given.find(param.name);
    return value == given.end() ? is_single(param.distribution) : same_value(value->second, param.external());
  });
}

}  // namespace

bool TakenConfigurations::contains(std::span<const Param> params) const {
  std::optional<std::span<const std::uint32_t>> fewest;
  for (const Param& param : params) {
    const auto numbers = with_value(*history_, param);
    if (!fewest || numbers.size() < fewest->size()) fewest = numbers;
  }
  const bool is_had = fewest && std::any_of(fewest->begin(), fewest->end(), [&](std::uint32_t number) {
                        return counts(number) && has_exactly(number, params);
                      });
  return is_had || is_prescribed(params);
}

bool TakenConfigurations::is_prescribed(std::span<const Param> params) const {
  if (history_->count(TrialState::kWaiting) == 0) return false;
  if (!prescribed_) prescribed_ = read_prescribed();
  return std::any_of(prescribed_->begin(), prescribed_->end(),
                     [&](const ParamValues& given) { return leads_to(given, params); });
}

std::vector<ParamValues> TakenConfigurations::read_prescribed() const {
  std::vector<ParamValues> prescribed;
  for (std::size_t number = 0; number < history_->size(); ++number) {
    if (history_->state(number) != TrialState::kWaiting || !counts(static_cast<std::uint32_t>(number)))
      continue;
    try {
      auto given = format::queued_params(history_->trial(number).system_attrs);
      if (!given.empty()) prescribed.push_back(std::move(given));
    } catch (const FormatError&) {
      // Another program enqueued what cannot be read: that trial will fail.
    }
  }
  return prescribed;
}

bool TakenConfigurations::counts(std::uint32_t number) const {
  return number != asking_ && number % replicates_ == asking_ % replicates_;
}

bool TakenConfigurations::has_exactly(std::uint32_t number, std::span<const Param> params) const {
  const auto has = [&](const Param& param) {
    return history_->column(param.name)->value(number) == param.value;
  };
  return history_->trial(number).columns.size() == params.size() &&
         std::all_of(params.begin(), params.end(), has);
}

std::uint64_t count_taken(const History& history, const SearchSpace& space) {
  std::set<std::vector<double>> taken;
  std::uint64_t n_open = 0;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const TrialRecord& trial = history.trial(number);
    if (trial.columns.empty()) {
      n_open += is_finished(trial.state) ? 0 : 1;
    } else if (auto values = values_within(history, space, number)) {
      taken.insert(*std::move(values));
    }
  }
  return taken.size() + n_open;
}

}  // namespace tune
