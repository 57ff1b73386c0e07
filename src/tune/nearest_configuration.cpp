#include "tune/nearest_configuration.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <queue>
#include <set>
#include <utility>
#include <vector>

#include "tune/math/elementary.hpp"

namespace tune {
namespace {

/// Internal values by declaration; this one where the parameter does not exist.
constexpr double kAbsent = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;

/// The steps in which a range without steps is walked.
constexpr double kContinuousStep = 1e-3;

/// The ends of a numeric range.
struct Range {
  double low = 0.0;
  double high = 1.0;
  bool is_log = false;

  /// Where `x` lies: 0 at the lower end, 1 at the upper.
  [[nodiscard]] double to_unit(double x) const {
    if (is_log) return (math::log(x) - math::log(low)) / (math::log(high) - math::log(low));
    return (0.5 * x - 0.5 * low) / (0.5 * high - 0.5 * low);
  }
  [[nodiscard]] double from_unit(double u) const {
    if (is_log) return math::exp(math::log(low) * (1.0 - u) + math::log(high) * u);
    return low * (1.0 - u) + high * u;
  }
};

template <typename Numeric>
Range range_of(const Numeric& distribution) {
  return {static_cast<double>(distribution.low), static_cast<double>(distribution.high), distribution.log};
}

double distance(const Distribution& distribution, double a, double b) {
  if (a == b) return 0.0;
  if (const auto* real = std::get_if<FloatDistribution>(&distribution)) {
    return std::abs(range_of(*real).to_unit(a) - range_of(*real).to_unit(b));
  }
  if (const auto* whole = std::get_if<IntDistribution>(&distribution)) {
    return std::abs(range_of(*whole).to_unit(a) - range_of(*whole).to_unit(b));
  }
  return 1.0;
}

enum class Way : std::uint8_t { kUp, kDown };

std::optional<double> next_position(const Distribution& distribution, double x, Way way) {
  const std::uint64_t position = position_of(distribution, x);
  if (way == Way::kDown) {
    return position > 0 ? std::optional(value_at(distribution, position - 1)) : std::nullopt;
  }
  const bool is_last = position + 1 >= cardinality(distribution).value();
  return is_last ? std::nullopt : std::optional(value_at(distribution, position + 1));
}

/// The next number up or down, if there is one.
std::optional<double> next_number(const Distribution& distribution, double x, Way way) {
  if (cardinality(distribution)) return next_position(distribution, x, way);
  const Range range = range_of(std::get<FloatDistribution>(distribution));
  const double u = range.to_unit(x) + (way == Way::kUp ? kContinuousStep : -kContinuousStep);
  if (!(u > 0.0 && u < 1.0)) return std::nullopt;
  return clamp_to_domain(distribution, range.from_unit(u));
}

/// The choice after `x`, the first after the last; nothing when that is where the walk began.
std::optional<double> next_choice(const CategoricalDistribution& list, double x, double start) {
  const double next = x + 1.0 < static_cast<double>(list.choices.size()) ? x + 1.0 : 0.0;
  return next == start ? std::nullopt : std::optional(next);
}

/// Walks from the start to ever more distant configurations.
class Walk {
 public:
  explicit Walk(const NearestQuery& query) : query_(query), origin_(query.space.parameters().size(), kAbsent) {
    for (std::size_t i = 0; i < origin_.size(); ++i) {
      for (const Param& param : query.start.params) {
        if (param.name == declaration(i).name) origin_[i] = param.value;
      }
    }
    visit(origin_);
  }

  std::optional<Configuration> run() {
    while (!open_.empty()) {
      const Values values = open_.top().values;
      open_.pop();
      Configuration configuration = configuration_of(values);
      if (query_.is_wanted(configuration)) return configuration;
      for (std::size_t i = 0; i < values.size(); ++i) visit_neighbours(values, i);
    }
    return std::nullopt;
  }

 private:
  struct Node {
    double distance = 0.0;
    std::uint64_t order = 0;
    Values values;

    friend bool operator<(const Node& a, const Node& b) {  // The top of a queue is its largest.
      return std::pair(a.distance, a.order) > std::pair(b.distance, b.order);
    }
  };

  [[nodiscard]] const ParameterDeclaration& declaration(std::size_t i) const {
    return query_.space.parameters()[i];
  }

  void visit(Values values) {
    settle_existence(values);
    if (!seen_.insert(values).second) return;
    double sum = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] != kAbsent) sum += distance(declaration(i).distribution, values[i], origin_[i]);
    }
    open_.push({sum, n_visited_++, std::move(values)});
  }

  /// A change of a parent takes children away and brings others.
  void settle_existence(Values& values) {
    ParamValues decided;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& [name, distribution, conditions] = declaration(i);
      if (!SearchSpace::is_active(declaration(i), decided)) {
        values[i] = kAbsent;
        continue;
      }
      if (origin_[i] == kAbsent) origin_[i] = query_.decide(name, distribution);
      if (values[i] == kAbsent) values[i] = origin_[i];
      decided.emplace(name, to_external(distribution, values[i]));
    }
  }

  /// One step of that parameter, away from where it began.
  void visit_neighbours(const Values& values, std::size_t i) {
    if (values[i] == kAbsent || query_.forced.contains(declaration(i).name)) return;
    const Distribution& distribution = declaration(i).distribution;
    if (const auto* list = std::get_if<CategoricalDistribution>(&distribution)) {
      return visit_changed(values, i, next_choice(*list, values[i], origin_[i]));
    }
    if (values[i] >= origin_[i]) visit_changed(values, i, next_number(distribution, values[i], Way::kUp));
    if (values[i] <= origin_[i]) visit_changed(values, i, next_number(distribution, values[i], Way::kDown));
  }

  void visit_changed(Values values, std::size_t i, std::optional<double> value) {
    if (!value || *value == values[i]) return;
    values[i] = *value;
    visit(std::move(values));
  }

  [[nodiscard]] Configuration configuration_of(const Values& values) const {
    Configuration configuration;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == kAbsent) continue;
      configuration.add({declaration(i).name, values[i], declaration(i).distribution});
    }
    return configuration;
  }

  const NearestQuery& query_;
  Values origin_;  ///< What the parameters began with, those of neighbours as they are met.
  std::priority_queue<Node> open_;
  std::set<Values> seen_;
  std::uint64_t n_visited_ = 0;
};

}  // namespace

std::optional<Configuration> nearest_configuration(const NearestQuery& query) {
  return Walk(query).run();
}

}  // namespace tune
