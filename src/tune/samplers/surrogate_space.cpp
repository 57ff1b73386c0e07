#include "tune/samplers/surrogate_space.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "tune/error.hpp"
#include "tune/math/elementary.hpp"

namespace tune::samplers {
namespace {

// Where parameters that do not exist stand: in the middle, or on a choice that is none.
constexpr double kNowhere = 0.5;
constexpr double kNoChoice = -1.0;

/// The ends of a numeric range on its own scale; integers and grids reach half a step beyond.
struct Scale {
  double low = 0.0;
  double high = 0.0;
  bool is_log = false;
};

struct ScaleOf {
  Scale operator()(const FloatDistribution& d) const {
    const double margin = 0.5 * d.step.value_or(0.0);
    return d.log ? Scale{math::log(d.low), math::log(d.high), true} : Scale{d.low - margin, d.high + margin};
  }
  Scale operator()(const IntDistribution& d) const {
    const double margin = 0.5 * static_cast<double>(d.step);
    const double low = static_cast<double>(d.low) - margin;
    const double high = static_cast<double>(d.high) + margin;
    return d.log ? Scale{math::log(low), math::log(high), true} : Scale{low, high};
  }
  Scale operator()(const CategoricalDistribution& d) const {
    return {-0.5, static_cast<double>(d.choices.size()) - 0.5};
  }
};

Scale scale_of(const Distribution& distribution) {
  return std::visit(ScaleOf{}, distribution);
}

std::vector<double> internal_values(const Distribution& parent, const std::vector<ParamValue>& values) {
  std::vector<double> found;
  for (const ParamValue& value : values) {
    try {
      found.push_back(to_internal(parent, value));
    } catch (const InvalidArgument&) {
      continue;  // A value that the parent never takes: nothing to wait for.
    }
  }
  return found;
}

bool holds(const SurrogateRule& rule, double value) {
  return rule.values.empty() ? value >= rule.minimum
                             : std::find(rule.values.begin(), rule.values.end(), value) != rule.values.end();
}

// A number about 0 with standard deviation 1 and no far tails, from additions alone.
double bell(RandomStream& stream) {
  return 2.0 * (stream.uniform() + stream.uniform() + stream.uniform() - 1.5);
}

double reflected(double u) {
  u = std::abs(u);
  return u > 1.0 ? std::max(2.0 - u, 0.0) : u;
}

/// The rule that explains from `parent` which trials have `child`.
std::optional<SurrogateRule> rule_from(const SurrogateParameter& parent, std::size_t index, const Column& child,
                                       std::span<const std::size_t> trials) {
  std::vector<double> with;
  std::vector<double> without;
  for (const std::size_t number : trials) {
    const double value = parent.column->value(number);
    if (child.has(number)) {
      if (value != value) {
        return std::nullopt;
      }
      with.push_back(value);
    } else if (value == value) {
      without.push_back(value);
    }
  }
  std::sort(with.begin(), with.end());
  with.erase(std::unique(with.begin(), with.end()), with.end());
  const auto is_with = [&](double value) { return std::binary_search(with.begin(), with.end(), value); };
  if (std::holds_alternative<CategoricalDistribution>(*parent.distribution)) {
    const bool is_split = std::none_of(without.begin(), without.end(), is_with);
    return is_split ? std::optional(SurrogateRule{index, std::move(with)}) : std::nullopt;
  }
  const bool is_above = std::all_of(without.begin(), without.end(), [&](double v) { return v < with.front(); });
  return is_above ? std::optional(SurrogateRule{index, {}, with.front()}) : std::nullopt;
}

}  // namespace

SurrogateSpace::SurrogateSpace(const SearchSpace& declared, const HistoryView& history) {
  const auto position = [&](const std::string& name) {
    return static_cast<std::size_t>(declared.find(name) - declared.parameters().data());
  };
  for (const ParameterDeclaration& declaration : declared.parameters()) {
    SurrogateParameter parameter{declaration.name,
                                 &declaration.distribution,
                                 history.column(declaration.name),
                                 {},
                                 is_single(declaration.distribution)};
    for (const Condition& condition : declaration.conditions) {
      if (const auto* one_of = std::get_if<WhenOneOf>(&condition)) {
        const std::size_t parent = position(one_of->parent);
        SurrogateRule rule{parent, internal_values(declared.parameters()[parent].distribution, one_of->values)};
        rule.minimum = std::numeric_limits<double>::infinity();  // No such value: never.
        parameter.rules.push_back(std::move(rule));
      } else {
        const auto& at_least = std::get<WhenAtLeast>(condition);
        parameter.rules.push_back({position(at_least.parent), {}, static_cast<double>(at_least.minimum)});
      }
    }
    parameters_.push_back(std::move(parameter));
  }
}

SurrogateSpace::SurrogateSpace(const HistoryView& history, std::span<const std::size_t> trials) {
  for (const Column& column : history.columns()) {
    const auto last =
        std::find_if(trials.rbegin(), trials.rend(), [&](std::size_t n) { return column.has(n); });
    if (last == trials.rend()) {
      continue;
    }
    const Distribution& distribution = column.distributions[column.distribution_of[*last]];
    parameters_.push_back({column.name, &distribution, &column, {}, tune::is_single(distribution)});
    if (!find_rule(trials, parameters_.size() - 1)) {
      parameters_.pop_back();
    }
  }
}

bool SurrogateSpace::find_rule(std::span<const std::size_t> trials, std::size_t d) {
  const Column& column = *parameters_[d].column;
  if (std::all_of(trials.begin(), trials.end(), [&](std::size_t n) { return column.has(n); })) {
    return true;
  }
  for (std::size_t parent = 0; parent < d; ++parent) {
    if (auto rule = rule_from(parameters_[parent], parent, column, trials)) {
      parameters_[d].rules.push_back(std::move(*rule));
      return true;
    }
  }
  return false;
}

bool SurrogateSpace::is_categorical(std::size_t d) const {
  return std::holds_alternative<CategoricalDistribution>(*parameters_[d].distribution);
}

std::vector<bool> SurrogateSpace::active(const Configuration& of) const {
  std::vector<bool> active(size());
  for (std::size_t d = 0; d < size(); ++d) {
    const auto& rules = parameters_[d].rules;
    active[d] = std::all_of(rules.begin(), rules.end(), [&](const SurrogateRule& rule) {
      return active[rule.parent] && holds(rule, of[rule.parent]);
    });
  }
  return active;
}

double SurrogateSpace::to_coordinate(std::size_t d, double internal) const {
  if (is_categorical(d)) {
    return internal;
  }
  const Scale scale = scale_of(*parameters_[d].distribution);
  const double x = scale.is_log ? math::log(internal) : internal;
  const double width = 0.5 * scale.high - 0.5 * scale.low;  // Halves, as a range may be as wide as all doubles.
  const double u = (0.5 * x - 0.5 * scale.low) / width;
  return u == u ? std::clamp(u, 0.0, 1.0) : kNowhere;
}

double SurrogateSpace::from_unit(std::size_t d, double u) const {
  const Distribution& distribution = *parameters_[d].distribution;
  const Scale scale = scale_of(distribution);
  if (const auto* categorical = std::get_if<CategoricalDistribution>(&distribution)) {
    const auto n = static_cast<double>(categorical->choices.size());
    return std::min(std::floor(u * n), n - 1.0);
  }
  const double x = scale.low * (1.0 - u) + scale.high * u;
  return clamp_to_domain(distribution, scale.is_log ? math::exp(x) : x);
}

void SurrogateSpace::coordinates(const Configuration& of, std::span<double> out) const {
  const std::vector<bool> exists = active(of);
  for (std::size_t d = 0; d < size(); ++d) {
    const double nowhere = is_categorical(d) ? kNoChoice : kNowhere;
    out[d] = exists[d] && !parameters_[d].is_single ? to_coordinate(d, of[d]) : nowhere;
  }
}

SurrogateSpace::Configuration SurrogateSpace::draw(RandomStream& stream) const {
  Configuration drawn(size());
  for (std::size_t d = 0; d < size(); ++d) {
    drawn[d] = from_unit(d, stream.uniform());
  }
  return drawn;
}

ParamValues SurrogateSpace::params(const Configuration& of) const {
  ParamValues params;
  const std::vector<bool> exists = active(of);
  for (std::size_t d = 0; d < size(); ++d) {
    if (exists[d]) {
      params.emplace(parameters_[d].name, to_external(*parameters_[d].distribution, of[d]));
    }
  }
  return params;
}

void SurrogateSpace::mutate(std::size_t d, double spread, Configuration& of, RandomStream& stream) const {
  if (is_categorical(d)) {
    of[d] = from_unit(d, stream.uniform());
    return;
  }
  const double before = of[d];
  of[d] = from_unit(d, reflected(to_coordinate(d, before) + spread * bell(stream)));
  const auto* integer = std::get_if<IntDistribution>(parameters_[d].distribution);
  if (of[d] == before &&
      integer != nullptr) {  // The next grid point, where the spread is too small to reach it.
    const double step = static_cast<double>(integer->step);
    of[d] = clamp_to_domain(*parameters_[d].distribution, before + (stream.uniform() < 0.5 ? -step : step));
  }
}

}  // namespace tune::samplers
