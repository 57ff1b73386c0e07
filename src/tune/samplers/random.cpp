#include "tune/samplers/random.hpp"

#include <algorithm>
#include <cmath>

#include "tune/math/elementary.hpp"

namespace tune {
namespace {

// low + u·(high − low), also where the difference overflows.
double draw_between(double low, double high, RandomStream& stream) {
  const double u = stream.uniform();
  const double width = high - low;
  return std::isfinite(width) ? low + u * width : low * (1.0 - u) + high * u;
}

struct UniformDraw {
  const Distribution& distribution;
  RandomStream& stream;

  double operator()(const FloatDistribution& d) const {
    if (d.low == d.high) {
      return d.low;
    }
    if (d.step) {
      return d.low + grid_index() * *d.step;
    }
    const double x = d.log ? math::exp(draw_between(math::log(d.low), math::log(d.high), stream))
                           : draw_between(d.low, d.high, stream);
    return std::clamp(x, d.low, std::nextafter(d.high, d.low));  // The upper end is open, as in Optuna.
  }

  double operator()(const IntDistribution& d) const {
    const auto low = static_cast<double>(d.low);
    if (!d.log) {
      return low + grid_index() * static_cast<double>(d.step);
    }
    const double high = static_cast<double>(d.high);
    return std::nearbyint(math::exp(draw_between(math::log(low - 0.5), math::log(high + 0.5), stream)));
  }

  double operator()(const CategoricalDistribution& /*d*/) const { return grid_index(); }

  [[nodiscard]] double grid_index() const {
    return static_cast<double>(stream.below(cardinality(distribution).value()));
  }
};

}  // namespace

double draw_uniform(const Distribution& distribution, RandomStream& stream) {
  return clamp_to_domain(distribution, std::visit(UniformDraw{distribution, stream}, distribution));
}

double RandomSampler::sample_independent(const SamplingContext& context, std::string_view name,
                                         const Distribution& distribution) const {
  if (context.reasons != nullptr) context.reasons->push_back({{std::string(name)}, "drawn at random"});
  RandomStream stream = context.independent_stream(name);
  return draw_uniform(distribution, stream);
}

SamplerEntry random_sampler_entry() {
  return {.name = "random",
          .description = "Independent uniform draws, as Optuna's RandomSampler.",
          .options = {},
          .make = [](const OptionValues&) { return std::make_shared<const RandomSampler>(); }};
}

}  // namespace tune
