#include "tune/search_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "tune/error.hpp"

namespace tune {
namespace {

const std::string& parent_of(const Condition& condition) {
  return std::visit([](const auto& c) -> const std::string& { return c.parent; }, condition);
}

bool holds(const WhenOneOf& condition, const ParamValue& parent) {
  return std::any_of(condition.values.begin(), condition.values.end(),
                     [&](const ParamValue& value) { return same_value(value, parent); });
}

bool holds(const WhenAtLeast& condition, const ParamValue& parent) {
  const auto* count = std::get_if<std::int64_t>(&parent);
  return count != nullptr && *count >= condition.minimum;
}

/// The position of that value in the distribution; nothing when it is none of its values.
std::optional<std::uint64_t> find_position(const Distribution& distribution, const ParamValue& value) {
  try {
    const double internal = to_internal(distribution, value);
    return contains(distribution, internal) ? std::optional(position_of(distribution, internal)) : std::nullopt;
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

/// Positions of a parameter's values that all of a space's conditions treat alike.
struct Stretch {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
};

/// Where the conditions begin to treat the values of `distribution` otherwise.
class Cuts {
 public:
  Cuts(const Distribution& distribution, std::uint64_t n_values)
      : distribution_(distribution), n_values_(n_values), at_{0, n_values} {}

  void add(const WhenOneOf& condition) {
    for (const ParamValue& value : condition.values) {
      if (const auto position = find_position(distribution_, value)) at_.insert({*position, *position + 1});
    }
  }
  void add(const WhenAtLeast& condition) {
    const auto* range = std::get_if<IntDistribution>(&distribution_);
    if (range == nullptr || condition.minimum <= range->low) return;
    const auto distance =
        static_cast<std::uint64_t>(condition.minimum) - static_cast<std::uint64_t>(range->low);
    const auto step = static_cast<std::uint64_t>(range->step);
    at_.insert(std::min(n_values_, distance / step + (distance % step == 0 ? 0 : 1)));
  }

  [[nodiscard]] std::vector<Stretch> stretches() const {
    std::vector<Stretch> found;
    for (auto end = std::next(at_.begin()); end != at_.end(); ++end) {
      const std::uint64_t begin = *std::prev(end);
      found.push_back({begin, *end - begin});
    }
    return found;
  }

 private:
  const Distribution& distribution_;
  std::uint64_t n_values_;
  std::set<std::uint64_t> at_;
};

/// Counts the configurations of a space.
class Counter {
 public:
  explicit Counter(const std::vector<ParameterDeclaration>& parameters) : parameters_(parameters) {
    for (const ParameterDeclaration& declaration : parameters) stretches_.push_back(stretches_of(declaration));
  }

  /// Those of the parameters from `position` on, given what is decided before; nothing when they are too many.
  [[nodiscard]] std::optional<std::uint64_t> count_from(std::size_t position, ParamValues& decided) const {
    if (position == parameters_.size()) return 1;
    const auto& [name, distribution, conditions] = parameters_[position];
    if (!SearchSpace::is_active(parameters_[position], decided)) return count_from(position + 1, decided);
    if (stretches_[position].empty()) return std::nullopt;
    std::uint64_t sum = 0;
    for (const auto& [begin, size] : stretches_[position]) {
      decided.insert_or_assign(name, to_external(distribution, value_at(distribution, begin)));
      const auto rest = count_from(position + 1, decided);
      if (!rest || size > (kMostConfigurations - sum) / *rest) return std::nullopt;
      sum += size * *rest;
    }
    decided.erase(name);
    return sum;
  }

 private:
  static constexpr std::uint64_t kMostConfigurations = 1'000'000'000'000'000'000;

  /// None for infinitely many values.
  [[nodiscard]] std::vector<Stretch> stretches_of(const ParameterDeclaration& parent) const {
    const auto n_values = tune::cardinality(parent.distribution);
    if (!n_values) return {};
    Cuts cuts(parent.distribution, *n_values);
    for (const ParameterDeclaration& child : parameters_) {
      for (const Condition& condition : child.conditions) {
        if (parent_of(condition) != parent.name) continue;
        std::visit([&](const auto& kind) { cuts.add(kind); }, condition);
      }
    }
    return cuts.stretches();
  }

  const std::vector<ParameterDeclaration>& parameters_;
  std::vector<std::vector<Stretch>> stretches_;  ///< By parameter.
};

}  // namespace

void SearchSpace::add(ParameterDeclaration declaration) {
  if (declaration.name.empty()) throw InvalidArgument("a parameter needs a name");
  if (index_.contains(declaration.name)) {
    throw InvalidArgument(fmt::format("parameter '{}' is declared twice", declaration.name));
  }
  for (const auto& condition : declaration.conditions) {
    if (!index_.contains(parent_of(condition))) {
      throw InvalidArgument(fmt::format("parameter '{}' depends on '{}', which is not declared before it",
                                        declaration.name, parent_of(condition)));
    }
  }
  try {
    declaration.distribution = validated(std::move(declaration.distribution));
  } catch (const InvalidArgument& error) {
    throw InvalidArgument(fmt::format("parameter '{}': {}", declaration.name, error.what()));
  }
  index_.emplace(declaration.name, parameters_.size());
  parameters_.push_back(std::move(declaration));
}

void SearchSpace::add_repeated(const std::string& name, const Distribution& distribution,
                               const std::string& count, const std::vector<Condition>& conditions) {
  const auto* parent = find(count);
  const auto* range = parent == nullptr ? nullptr : std::get_if<IntDistribution>(&parent->distribution);
  if (range == nullptr) {
    throw InvalidArgument(
        fmt::format("parameter '{}' repeats by '{}', which is not a declared int parameter", name, count));
  }
  const std::int64_t n_layers = range->high;  // `add` moves the declarations.
  for (std::int64_t layer = 0; layer < n_layers; ++layer) {
    std::vector<Condition> all = conditions;
    all.emplace_back(WhenAtLeast{count, layer + 1});
    add({fmt::format("{}_l{}", name, layer), distribution, std::move(all)});
  }
}

const ParameterDeclaration* SearchSpace::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &parameters_[found->second];
}

std::optional<std::uint64_t> SearchSpace::cardinality() const {
  ParamValues decided;
  return Counter(parameters_).count_from(0, decided);
}

bool SearchSpace::is_active(const ParameterDeclaration& declaration, const ParamValues& decided) {
  return std::all_of(declaration.conditions.begin(), declaration.conditions.end(),
                     [&](const Condition& condition) {
                       const auto parent = decided.find(parent_of(condition));
                       if (parent == decided.end()) return false;
                       return std::visit([&](const auto& c) { return holds(c, parent->second); }, condition);
                     });
}

}  // namespace tune
