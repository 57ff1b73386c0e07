#include "tune/samplers/qmc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tune/math/elementary.hpp"
#include "tune/math/sobol.hpp"
#include "tune/samplers/random.hpp"

namespace tune {
namespace {

struct Dimension {
  std::string_view name;
  const Distribution* distribution;
};

std::vector<Dimension> declared_dimensions(const SearchSpace& space) {
  std::vector<Dimension> dimensions;
  for (const ParameterDeclaration& declaration : space.parameters()) {
    dimensions.push_back({declaration.name, &declaration.distribution});
  }
  return dimensions;
}

/// The parameters of the first trial that has a result, in its order.
std::vector<Dimension> found_dimensions(const HistoryView& history) {
  std::vector<Dimension> dimensions;
  for (std::size_t number = 0; number < history.size(); ++number) {
    const TrialState state = history.state(number);
    if (state != TrialState::kComplete && state != TrialState::kPruned) {
      continue;
    }
    for (const std::uint32_t index : history.record(number).columns) {
      const Column& column = history.columns()[index];
      dimensions.push_back({column.name, &column.distributions[column.distribution_of[number]]});
    }
    break;
  }
  return dimensions;
}

double between(double low, double high, double unit) {
  return low + unit * (high - low);
}

/// Maps [0, 1) to the domain as Optuna's `_SearchSpaceTransform` does: grids and integers reach half a step
/// beyond their ends, so that all their points have the same share.
struct FromUnitInterval {
  double unit;

  double operator()(const FloatDistribution& d) const {
    if (d.log) {
      return math::exp(between(math::log(d.low), math::log(d.high), unit));
    }
    if (d.step) {
      const double x = between(d.low - 0.5 * *d.step, d.high + 0.5 * *d.step, unit);
      return std::nearbyint((x - d.low) / *d.step) * *d.step + d.low;
    }
    return std::isfinite(d.high - d.low) ? between(d.low, d.high, unit) : d.low * (1.0 - unit) + d.high * unit;
  }

  double operator()(const IntDistribution& d) const {
    const auto low = static_cast<double>(d.low);
    const auto high = static_cast<double>(d.high);
    const auto step = static_cast<double>(d.step);
    if (d.log) {
      return std::nearbyint(math::exp(between(math::log(low - 0.5), math::log(high + 0.5), unit)));
    }
    const double x = between(low - 0.5 * step, high + 0.5 * step, unit);
    return std::floor((x - low) / step + 0.5) * step + low;
  }

  double operator()(const CategoricalDistribution& d) const {
    return std::floor(unit * static_cast<double>(d.choices.size()));
  }
};

}  // namespace

RelativeSample QmcSampler::sample_relative(const SamplingContext& context) const {
  const bool is_declared = !context.declared.empty();
  auto dimensions = is_declared ? declared_dimensions(context.declared) : found_dimensions(context.history);
  dimensions.resize(std::min(dimensions.size(), math::max_sobol_dimensions()));
  const std::int64_t first = is_declared ? 0 : 1;
  const auto index = static_cast<std::uint64_t>(std::max<std::int64_t>(context.number.value - first, 0));
  const auto point = math::sobol_point(index, dimensions.size());
  RelativeSample sample;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const auto& [name, distribution] = dimensions[d];
    const std::uint64_t fraction = options_.scramble ? math::scrambled(point[d], context.seed, d) : point[d];
    const double value = std::visit(FromUnitInterval{math::to_unit_interval(fraction)}, *distribution);
    sample.add({std::string(name), clamp_to_domain(*distribution, value), *distribution});
  }
  if (context.reasons != nullptr && !dimensions.empty()) {
    context.reasons->push_back({sample.names(), fmt::format("point {} of a {}Sobol sequence", index,
                                                            options_.scramble ? "scrambled " : "")});
  }
  return sample;
}

double QmcSampler::sample_independent(const SamplingContext& context, std::string_view name,
                                      const Distribution& distribution) const {
  if (context.reasons != nullptr) {
    context.reasons->push_back({{std::string(name)}, "drawn at random, as the sequence leaves it out"});
  }
  RandomStream stream = context.independent_stream(name);
  return draw_uniform(distribution, stream);
}

SamplerEntry qmc_sampler_entry() {
  return {.name = "qmc",
          .description = "Points of a Sobol sequence, as Optuna's QMCSampler.",
          .options = {{.name = "scramble",
                       .kind = OptionKind::kBool,
                       .default_value = QmcOptions{}.scramble,
                       .description = "Randomise the sequence by the study's seed, without losing its "
                                      "evenness."}},
          .make = [](const OptionValues& values) {
            return std::make_shared<const QmcSampler>(QmcOptions{.scramble = values.get_bool("scramble")});
          }};
}

}  // namespace tune
