#include "tune/samplers/none.hpp"

#include <cmath>

#include "tune/math/elementary.hpp"

namespace tune {
namespace {

double middle(double low, double high, bool log) {
  return log ? math::exp(0.5 * (math::log(low) + math::log(high))) : 0.5 * low + 0.5 * high;
}

struct Middle {
  double operator()(const FloatDistribution& d) const { return middle(d.low, d.high, d.log); }
  double operator()(const IntDistribution& d) const {
    return middle(static_cast<double>(d.low), static_cast<double>(d.high), d.log);
  }
  double operator()(const CategoricalDistribution& /*d*/) const { return 0.0; }
};

}  // namespace

double NoneSampler::sample_independent(const SamplingContext& context, std::string_view name,
                                       const Distribution& distribution) const {
  if (context.reasons != nullptr) {
    context.reasons->push_back({{std::string(name)}, "the middle of its range, as no listed point gives it"});
  }
  return clamp_to_domain(distribution, std::visit(Middle{}, distribution));
}

std::optional<std::uint64_t> NoneSampler::n_remaining(const HistoryView& /*history*/,
                                                      const SearchSpace& /*declared*/) const {
  return 0;
}

SamplerEntry none_sampler_entry() {
  return {.name = "none",
          .description = "Suggests nothing: the listed points are the whole study.",
          .options = {},
          .make = [](const OptionValues&) { return std::make_shared<const NoneSampler>(); }};
}

}  // namespace tune
