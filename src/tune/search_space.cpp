#include "tune/search_space.hpp"

#include <fmt/format.h>

#include <algorithm>

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
  for (std::int64_t layer = 0; layer < range->high; ++layer) {
    std::vector<Condition> all = conditions;
    all.emplace_back(WhenAtLeast{count, layer + 1});
    add({fmt::format("{}_l{}", name, layer), distribution, std::move(all)});
  }
}

const ParameterDeclaration* SearchSpace::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &parameters_[found->second];
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
