#include "tune/samplers/parzen_estimator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tune/math/elementary.hpp"
#include "tune/math/scratch.hpp"
#include "tune/samplers/truncated_normal.hpp"

namespace tune::samplers {
namespace {

constexpr double kMinimalBandwidth = 1e-12;  // Without the magic clip (Optuna's EPS).

// The range as the kernels see it.
void set_frame(double low, double high, double step, bool is_log, NumericKernels& kernels) {
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
}

// high − low, kept where it can be divided by: ranges as wide as all doubles or as narrow as one denormal.
double usable_width(double low, double high) {
  return std::clamp(high - low, std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
}

using Order = std::span<const std::uint32_t>;

std::vector<std::uint32_t> sorted_order(std::span<const double> values) {
  std::vector<std::uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  return order;
}

double narrowest_bandwidth(std::size_t n, double widest, const ParzenOptions& options) {
  const double narrowest =
      options.consider_magic_clip ? widest / std::min(100.0, 2.0 + static_cast<double>(n)) : kMinimalBandwidth;
  return std::min(std::max(narrowest, std::numeric_limits<double>::min()), widest);
}

// The larger gap to a neighbour, by position in the order; `sorted` has the ends of the range around the
// values.
void set_gaps(const double* sorted, std::size_t n, const ParzenOptions& options, double* gaps) {
  for (std::size_t i = 0; i < n; ++i) {
    gaps[i] = std::max(sorted[i + 1] - sorted[i], sorted[i + 2] - sorted[i + 1]);
  }
  if (!options.consider_endpoints && n >= 2) {
    gaps[0] = sorted[2] - sorted[1];
    gaps[n - 1] = sorted[n] - sorted[n - 1];
  }
}

// Writes the positions, in the order, of kernels with a wider gap or near an end; returns how many.
std::size_t find_special(std::span<const double> sorted, const double* gaps, const NumericKernels& kernels,
                         std::uint32_t* positions) {
  const double narrowest = kernels.narrowest;
  const double reach = kNoTail * narrowest;
  const auto first = std::partition_point(sorted.begin(), sorted.end(),
                                          [&](double mu) { return !(mu - kernels.adapted_low > reach); });
  const auto last =
      std::partition_point(first, sorted.end(), [&](double mu) { return kernels.adapted_high - mu > reach; });
  const auto n = static_cast<std::uint32_t>(sorted.size());
  const auto n_low = static_cast<std::uint32_t>(first - sorted.begin());
  const auto n_inner = static_cast<std::uint32_t>(last - sorted.begin());
  std::iota(positions, positions + n_low, 0U);
  std::size_t count = n_low;
  for (std::uint32_t i = n_low; i < n_inner; ++i) {
    positions[count] = i;
    count += gaps[i] > narrowest ? 1 : 0;
  }
  std::iota(positions + count, positions + count + (n - n_inner), n_inner);
  return count + (n - n_inner);
}

// Sets the bandwidths of kernels.mu, and which kernels are special.
void set_bandwidths(Order order, const ParzenOptions& options, NumericKernels& kernels) {
  const std::size_t n = order.size();
  const double low = kernels.adapted_low;
  const double high = kernels.adapted_high;
  const double widest = usable_width(low, high);
  const double narrowest = narrowest_bandwidth(n, widest, options);
  const math::Scratch room(2 * n + 2);
  double* const sorted = room.data();
  double* const gaps = sorted + n + 2;
  sorted[0] = low;
  const double* const mu = kernels.mu.data();
  std::transform(order.begin(), order.end(), sorted + 1, [mu](std::uint32_t k) { return mu[k]; });
  sorted[n + 1] = high;
  set_gaps(sorted, n, options, gaps);

  kernels.narrowest = narrowest;
  kernels.sigma.assign(n, narrowest);
  kernels.special.resize(n);
  const std::size_t n_special = find_special({sorted + 1, n}, gaps, kernels, kernels.special.data());
  kernels.special.resize(n_special);
  for (std::uint32_t& k : kernels.special) {
    const std::uint32_t position = k;
    k = order[position];
    kernels.sigma[k] = std::min(std::max(gaps[position], narrowest), widest);
  }
}

// Observations of a grid repeat, and with the clip their bandwidths too.
void find_classes(Order order, NumericKernels& kernels) {
  kernels.class_kernel.clear();
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

// Needs the frame and, in `mu`, the observations.
void fit_numeric(Order known, const ParzenOptions& options, NumericKernels& kernels) {
  const std::size_t n = kernels.mu.size();
  if (kernels.is_log) {
    take_logs(kernels.mu);
  }
  std::vector<std::uint32_t> sorted;
  if (known.size() != n) {
    sorted = sorted_order(kernels.mu);
  }
  const Order order = known.size() == n ? known : Order(sorted);
  set_bandwidths(order, options, kernels);
  if (kernels.step != 0.0) {
    find_classes(order, kernels);
  }
  kernels.mu.push_back(0.5 * kernels.adapted_low + 0.5 * kernels.adapted_high);
  kernels.sigma.push_back(usable_width(kernels.adapted_low, kernels.adapted_high));
}

void fit_categorical(std::size_t n_choices, const std::vector<double>& observations,
                     const ParzenOptions& options, CategoricalKernels& kernels) {
  kernels.n_choices = n_choices;
  const double share = options.prior_weight / static_cast<double>(observations.size() + 1);
  const double sum = 1.0 + share * static_cast<double>(n_choices);
  kernels.base = share / sum;
  kernels.peak = (1.0 + share) / sum;
  const bool flat_prior = observations.empty() || options.prior_weight > 0.0;
  kernels.prior = flat_prior ? 1.0 / static_cast<double>(n_choices) : 0.0;
  kernels.observed.assign(observations.begin(), observations.end());
  kernels.observed.push_back(n_choices);
}

// Fits the kernels of one parameter after the other into the same memory.
class Fitter {
 public:
  Fitter(std::span<const Distribution* const> space, const Observations& observations,
         const ParzenOptions& options)
      : space_(space), observations_(observations), options_(options) {}

  // Holds until the next call.
  const Kernels& operator()(std::size_t parameter) {
    parameter_ = parameter;
    return std::visit(*this, *space_[parameter]);
  }

  const Kernels& operator()(const FloatDistribution& d) {
    return fit_number(d.low, d.high, d.step.value_or(0.0), d.log);
  }
  const Kernels& operator()(const IntDistribution& d) {
    return fit_number(static_cast<double>(d.low), static_cast<double>(d.high), static_cast<double>(d.step),
                      d.log);
  }
  const Kernels& operator()(const CategoricalDistribution& d) {
    observations_.read(parameter_, choices_);
    fit_categorical(d.choices.size(), choices_, options_, std::get<CategoricalKernels>(categorical_));
    return categorical_;
  }

 private:
  const Kernels& fit_number(double low, double high, double step, bool is_log) {
    auto& kernels = std::get<NumericKernels>(numeric_);
    set_frame(low, high, step, is_log, kernels);
    observations_.read(parameter_, kernels.mu);
    fit_numeric(observations_.order_of ? observations_.order_of(parameter_) : Order{}, options_, kernels);
    return numeric_;
  }

  std::span<const Distribution* const> space_;
  const Observations& observations_;
  const ParzenOptions& options_;
  std::size_t parameter_ = 0;
  Kernels numeric_ = NumericKernels{};
  Kernels categorical_ = CategoricalKernels{};
  std::vector<double> choices_;
};

std::vector<Kernels> fit_all(std::span<const Distribution* const> space, const Observations& observations,
                             const ParzenOptions& options) {
  Fitter fitter(space, observations, options);
  std::vector<Kernels> kernels;
  kernels.reserve(space.size());
  for (std::size_t d = 0; d < space.size(); ++d) {
    kernels.push_back(fitter(d));
  }
  return kernels;
}

Observations in_columns(const ParzenEstimator::Columns& columns) {
  return {columns.empty() ? 0 : columns.front().size(),
          [&columns](std::size_t parameter, std::vector<double>& values) { values = columns[parameter]; },
          {}};
}

// The value of the domain there. An observation that has no logarithm gives none: the middle of the range
// instead.
double nearest_value(const NumericKernels& kernels, double x) {
  if (std::isnan(x)) {
    x = kernels.mu.back();
  }
  x = std::clamp(x, kernels.adapted_low, kernels.adapted_high);
  if (kernels.is_log) {
    x = math::exp(x);
  }
  if (kernels.step != 0.0) {
    x = kernels.low + std::nearbyint((x - kernels.low) / kernels.step) * kernels.step;
  }
  return std::clamp(x, kernels.low, kernels.high);
}

// Turns quantiles into values, each of the kernel picked for it.
void draw(const NumericKernels& kernels, std::span<const std::size_t> picked, std::span<double> values) {
  const std::size_t n = (picked.size() + math::kGroup - 1) / math::kGroup * math::kGroup;
  std::vector<double> from(n, -1.0);
  std::vector<double> to(n, 1.0);
  std::vector<double> z(n, 0.5);
  for (std::size_t i = 0; i < picked.size(); ++i) {
    const double mu = kernels.mu[picked[i]];
    const double sigma = kernels.sigma[picked[i]];
    from[i] = (kernels.adapted_low - mu) / sigma;
    to[i] = (kernels.adapted_high - mu) / sigma;
    z[i] = values[i];
  }
  truncated_normal_quantiles(from, to, z);
  for (std::size_t i = 0; i < picked.size(); ++i) {
    const double mu = kernels.mu[picked[i]];
    values[i] = nearest_value(kernels, std::isnan(z[i]) ? mu : z[i] * kernels.sigma[picked[i]] + mu);
  }
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

void draw(const CategoricalKernels& kernels, std::span<const std::size_t> picked, std::span<double> values) {
  for (std::size_t i = 0; i < picked.size(); ++i) {
    values[i] = draw_categorical(kernels, picked[i], values[i]);
  }
}

// Of the observations, or by default of n, and of the prior.
std::vector<double> mixture_weights(std::size_t n, std::vector<double> weights, double prior_weight) {
  if (weights.empty()) {
    weights = default_weights(n);
  }
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

ParzenEstimator::ParzenEstimator(std::span<const Distribution* const> space, const Observations& observations,
                                 const ParzenOptions& options, std::vector<double> weights)
    : space_(space.begin(), space.end()),
      weights_(mixture_weights(observations.size, std::move(weights), options.prior_weight)),
      kernels_(fit_all(space, observations, options)),
      density_(space_, weights_, [this](std::size_t d) -> const Kernels& { return kernels_[d]; }) {}

ParzenEstimator::ParzenEstimator(std::span<const Distribution* const> space, const Columns& observations,
                                 const ParzenOptions& options, std::vector<double> weights)
    : ParzenEstimator(space, in_columns(observations), options, std::move(weights)) {}

std::vector<double> ParzenEstimator::marginal_log_density(std::size_t parameter,
                                                          const std::vector<double>& values) const {
  const auto of_parameter = [&](std::size_t) -> const Kernels& { return kernels_[parameter]; };
  return MixtureDensity({&space_[parameter], 1}, weights_, of_parameter).log_density({values});
}

MixtureDensity parzen_density(std::span<const Distribution* const> space, const Observations& observations,
                              const ParzenOptions& options) {
  return {space, mixture_weights(observations.size, {}, options.prior_weight),
          Fitter(space, observations, options)};
}

ParzenEstimator::Columns ParzenEstimator::draw(RandomStream& stream, std::size_t count) const {
  Columns drawn(space_.size(), std::vector<double>(count));
  std::vector<std::size_t> picked(count);
  for (std::size_t i = 0; i < count; ++i) {
    picked[i] = pick_kernel(weights_, stream.uniform());
    for (std::vector<double>& column : drawn) {
      column[i] = stream.uniform();
    }
  }
  for (std::size_t d = 0; d < space_.size(); ++d) {
    std::visit([&](const auto& kernels) { samplers::draw(kernels, picked, drawn[d]); }, kernels_[d]);
    for (double& value : drawn[d]) {
      value = clamp_to_domain(*space_[d], value);
    }
  }
  return drawn;
}

}  // namespace tune::samplers
