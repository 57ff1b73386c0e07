#include "tune/samplers/parzen_estimator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tune/math/elementary.hpp"
#include "tune/samplers/truncated_normal.hpp"

namespace tune::samplers {
namespace {

constexpr double kMinimalBandwidth = 1e-12;  // Without the magic clip (Optuna's EPS).
// This many bandwidths away, the rest of the normal distribution is no longer seen in double precision.
constexpr double kFarFromEnds = 8.5;

// The range as the kernels see it, before any observation.
NumericKernels frame(double low, double high, double step, bool is_log) {
  NumericKernels kernels;
  kernels.low = low;
  kernels.high = high;
  kernels.step = step;
  kernels.is_log = is_log;
  kernels.adapted_low = low - step / 2;
  kernels.adapted_high = high + step / 2;
  if (is_log) {
    kernels.adapted_low = math::log(kernels.adapted_low);
    kernels.adapted_high = math::log(kernels.adapted_high);
  }
  return kernels;
}

// high − low, kept where it can be divided by: ranges as wide as all doubles or as narrow as one denormal.
double usable_width(double low, double high) {
  return std::clamp(high - low, std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
}

using Order = std::vector<std::uint32_t>;

Order sorted_order(std::span<const double> values) {
  Order order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  return order;
}

double narrowest_bandwidth(std::size_t n, double widest, const ParzenOptions& options) {
  const double narrowest =
      options.consider_magic_clip ? widest / std::min(100.0, 2.0 + static_cast<double>(n)) : kMinimalBandwidth;
  return std::min(std::max(narrowest, std::numeric_limits<double>::min()), widest);
}

// Sets the bandwidths of kernels.mu, and which kernels are special.
void set_bandwidths(const Order& order, const ParzenOptions& options, NumericKernels& kernels) {
  const std::size_t n = order.size();
  const double low = kernels.adapted_low;
  const double high = kernels.adapted_high;
  const double widest = usable_width(low, high);
  const double narrowest = narrowest_bandwidth(n, widest, options);
  const double reach = kFarFromEnds * narrowest;
  kernels.narrowest = narrowest;
  kernels.sigma.reserve(n + 1);
  kernels.sigma.assign(n, narrowest);
  double here = n > 0 ? kernels.mu[order[0]] : 0.0;
  double left = here - low;
  for (std::size_t i = 0; i < n; ++i) {
    const double next = i + 1 < n ? kernels.mu[order[i + 1]] : high;
    const double right = next - here;
    double sigma = std::max(left, right);
    if (!options.consider_endpoints && n >= 2 && (i == 0 || i + 1 == n)) {
      sigma = i == 0 ? right : left;
    }
    if (sigma > narrowest || !(here - low > reach && high - here > reach)) {
      kernels.sigma[order[i]] = std::min(std::max(sigma, narrowest), widest);
      kernels.special.push_back(order[i]);
    }
    here = next;
    left = right;
  }
}

// Observations of a grid repeat, and with the clip their bandwidths too.
void find_classes(const Order& order, NumericKernels& kernels) {
  kernels.class_of.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::uint32_t k = order[i];
    const bool is_new =
        i == 0 || kernels.mu[k] != kernels.mu[order[i - 1]] || kernels.sigma[k] != kernels.sigma[order[i - 1]];
    if (is_new) {
      kernels.class_kernel.push_back(k);
    }
    kernels.class_of[k] = static_cast<std::uint32_t>(kernels.class_kernel.size() - 1);
  }
}

void take_logs(std::vector<double>& values) {
  const std::size_t n = values.size();
  values.resize((n + math::kGroup - 1) / math::kGroup * math::kGroup, 1.0);
  math::lane_kernels().logs(values.data(), values.data(), values.size());
  values.resize(n);
}

NumericKernels fit_numeric(NumericKernels kernels, std::vector<double> observations, Order known,
                           const ParzenOptions& options) {
  const std::size_t n = observations.size();
  kernels.mu = std::move(observations);
  if (kernels.is_log) {
    take_logs(kernels.mu);
  }
  const Order order = known.size() == n ? std::move(known) : sorted_order(kernels.mu);
  set_bandwidths(order, options, kernels);
  if (kernels.step != 0.0) {
    find_classes(order, kernels);
  }
  kernels.mu.push_back(0.5 * kernels.adapted_low + 0.5 * kernels.adapted_high);
  kernels.sigma.push_back(usable_width(kernels.adapted_low, kernels.adapted_high));
  return kernels;
}

CategoricalKernels fit_categorical(std::size_t n_choices, const std::vector<double>& observations,
                                   const ParzenOptions& options) {
  CategoricalKernels kernels;
  kernels.n_choices = n_choices;
  const double share = options.prior_weight / static_cast<double>(observations.size() + 1);
  const double sum = 1.0 + share * static_cast<double>(n_choices);
  kernels.base = share / sum;
  kernels.peak = (1.0 + share) / sum;
  const bool flat_prior = observations.empty() || options.prior_weight > 0.0;
  kernels.prior = flat_prior ? 1.0 / static_cast<double>(n_choices) : 0.0;
  kernels.observed.reserve(observations.size() + 1);
  for (const double index : observations) {
    kernels.observed.push_back(static_cast<std::size_t>(index));
  }
  kernels.observed.push_back(n_choices);
  return kernels;
}

struct Fit {
  std::vector<double>& observations;
  Order& order;
  const ParzenOptions& options;

  Kernels operator()(const FloatDistribution& d) const {
    return fit_numeric(frame(d.low, d.high, d.step.value_or(0.0), d.log), std::move(observations),
                       std::move(order), options);
  }
  Kernels operator()(const IntDistribution& d) const {
    return fit_numeric(
        frame(static_cast<double>(d.low), static_cast<double>(d.high), static_cast<double>(d.step), d.log),
        std::move(observations), std::move(order), options);
  }
  Kernels operator()(const CategoricalDistribution& d) const {
    return fit_categorical(d.choices.size(), observations, options);
  }
};

std::vector<Kernels> fit_all(std::span<const Distribution* const> space, ParzenEstimator::Columns observations,
                             const ParzenOptions& options, ParzenEstimator::Orders orders) {
  orders.resize(space.size());
  std::vector<Kernels> kernels;
  kernels.reserve(space.size());
  for (std::size_t d = 0; d < space.size(); ++d) {
    kernels.push_back(std::visit(Fit{observations[d], orders[d], options}, *space[d]));
  }
  return kernels;
}

double draw_numeric(const NumericKernels& kernels, std::size_t k, double quantile) {
  const double mu = kernels.mu[k];
  const double sigma = kernels.sigma[k];
  const double z = truncated_normal_quantile(quantile, (kernels.adapted_low - mu) / sigma,
                                             (kernels.adapted_high - mu) / sigma);
  double x = std::isnan(z) ? mu : z * sigma + mu;
  x = std::clamp(x, kernels.adapted_low, kernels.adapted_high);
  if (kernels.is_log) {
    x = math::exp(x);
  }
  if (kernels.step != 0.0) {
    x = kernels.low + std::nearbyint((x - kernels.low) / kernels.step) * kernels.step;
  }
  return std::clamp(x, kernels.low, kernels.high);
}

double draw_categorical(const CategoricalKernels& kernels, std::size_t k, double quantile) {
  const double last = static_cast<double>(kernels.n_choices - 1);
  if (kernels.observed[k] >= kernels.n_choices) {
    return std::min(std::floor(quantile * static_cast<double>(kernels.n_choices)), last);
  }
  const double observed = static_cast<double>(kernels.observed[k]);
  const double before = observed * kernels.base;  // The quantile where the observed choice begins.
  if (quantile < before) {
    return std::min(std::floor(quantile / kernels.base), observed - 1.0);
  }
  if (quantile < before + kernels.peak || kernels.base == 0.0) {
    return observed;
  }
  const double beyond = std::floor((quantile - before - kernels.peak) / kernels.base);
  return std::min(observed + 1.0 + beyond, last);
}

std::vector<double> mixture_weights(std::vector<double> weights, double prior_weight) {
  weights.push_back(weights.empty() ? 1.0 : prior_weight);
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) {
    weight /= sum;
  }
  return weights;
}

std::size_t pick_kernel(std::span<const double> weights, double quantile) {
  double sum = 0.0;
  for (std::size_t k = 0; k + 1 < weights.size(); ++k) {
    sum += weights[k];
    if (quantile < sum) {
      return k;
    }
  }
  return weights.size() - 1;
}

}  // namespace

double CategoricalKernels::probability(std::size_t kernel, std::size_t choice) const {
  if (kernel + 1 == observed.size()) {
    return prior;
  }
  return observed[kernel] == choice ? peak : base;
}

std::vector<double> default_weights(std::size_t n) {
  constexpr std::size_t kFlat = 25;
  std::vector<double> weights(n, 1.0);
  if (n <= kFlat) {
    return weights;
  }
  const std::size_t n_ramp = n - kFlat;
  const double start = 1.0 / static_cast<double>(n);
  const double step = n_ramp == 1 ? 0.0 : (1.0 - start) / static_cast<double>(n_ramp - 1);
  for (std::size_t i = 0; i < n_ramp; ++i) {
    weights[i] = start + static_cast<double>(i) * step;
  }
  if (n_ramp > 1) {
    weights[n_ramp - 1] = 1.0;
  }
  return weights;
}

std::vector<double> bandwidths(std::span<const double> mus, double low, double high,
                               const ParzenOptions& options) {
  NumericKernels kernels;
  kernels.mu.assign(mus.begin(), mus.end());
  kernels.adapted_low = low;
  kernels.adapted_high = high;
  set_bandwidths(sorted_order(mus), options, kernels);
  return kernels.sigma;
}

ParzenEstimator::ParzenEstimator(std::span<const Distribution* const> space, Columns observations,
                                 const ParzenOptions& options, std::vector<double> weights, Orders orders)
    : space_(space.begin(), space.end()),
      weights_(mixture_weights(weights.empty()
                                   ? default_weights(observations.empty() ? 0 : observations.front().size())
                                   : std::move(weights),
                               options.prior_weight)),
      kernels_(fit_all(space, std::move(observations), options, std::move(orders))),
      density_(kernels_, weights_) {}

ParzenEstimator::Columns ParzenEstimator::draw(RandomStream& stream, std::size_t count) const {
  Columns drawn(space_.size(), std::vector<double>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t k = pick_kernel(weights_, stream.uniform());
    for (std::size_t d = 0; d < space_.size(); ++d) {
      const double quantile = stream.uniform();
      const auto* numeric = std::get_if<NumericKernels>(&kernels_[d]);
      const double value = numeric != nullptr
                               ? draw_numeric(*numeric, k, quantile)
                               : draw_categorical(std::get<CategoricalKernels>(kernels_[d]), k, quantile);
      drawn[d][i] = clamp_to_domain(*space_[d], value);
    }
  }
  return drawn;
}

}  // namespace tune::samplers
