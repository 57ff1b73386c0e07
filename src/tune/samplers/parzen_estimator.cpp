#include "tune/samplers/parzen_estimator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "tune/samplers/truncated_normal.hpp"

namespace tune::samplers {
namespace {

constexpr double kMinimalBandwidth = 1e-12;  // Without the magic clip (Optuna's EPS).
constexpr double kInfinity = std::numeric_limits<double>::infinity();

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
    kernels.adapted_low = std::log(kernels.adapted_low);
    kernels.adapted_high = std::log(kernels.adapted_high);
  }
  return kernels;
}

// high − low, kept where it can be divided by: ranges as wide as all doubles or as narrow as one denormal.
double usable_width(double low, double high) {
  return std::clamp(high - low, std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
}

NumericKernels fit_numeric(NumericKernels kernels, const std::vector<double>& observations,
                           const ParzenOptions& options) {
  kernels.mu = observations;
  if (kernels.is_log) {
    for (double& mu : kernels.mu) {
      mu = std::log(mu);
    }
  }
  const double low = kernels.adapted_low;
  const double high = kernels.adapted_high;
  kernels.sigma = bandwidths(kernels.mu, low, high, options);
  kernels.mu.push_back(0.5 * low + 0.5 * high);
  kernels.sigma.push_back(usable_width(low, high));
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
  for (const double index : observations) {
    kernels.observed.push_back(static_cast<std::size_t>(index));
  }
  kernels.observed.push_back(n_choices);
  return kernels;
}

struct Fit {
  const std::vector<double>& observations;
  const ParzenOptions& options;

  Kernels operator()(const FloatDistribution& d) const {
    return fit_numeric(frame(d.low, d.high, d.step.value_or(0.0), d.log), observations, options);
  }
  Kernels operator()(const IntDistribution& d) const {
    return fit_numeric(
        frame(static_cast<double>(d.low), static_cast<double>(d.high), static_cast<double>(d.step), d.log),
        observations, options);
  }
  Kernels operator()(const CategoricalDistribution& d) const {
    return fit_categorical(d.choices.size(), observations, options);
  }
};

double draw_numeric(const NumericKernels& kernels, std::size_t k, double quantile) {
  const double mu = kernels.mu[k];
  const double sigma = kernels.sigma[k];
  const double z = truncated_normal_quantile(quantile, (kernels.adapted_low - mu) / sigma,
                                             (kernels.adapted_high - mu) / sigma);
  double x = std::isnan(z) ? mu : z * sigma + mu;
  x = std::clamp(x, kernels.adapted_low, kernels.adapted_high);
  if (kernels.is_log) {
    x = std::exp(x);
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

// Adds the log density of each kernel at x to `sums`, one entry a kernel.
void add_continuous(const NumericKernels& kernels, std::span<const double> log_norm, double x,
                    std::span<double> sums) {
  for (std::size_t k = 0; k < sums.size(); ++k) {
    const double z = (x - kernels.mu[k]) / kernels.sigma[k];
    sums[k] += normal_log_density(z) - log_norm[k];
  }
}

void add_grid(const NumericKernels& kernels, std::span<const double> log_norm, double x,
              std::span<double> sums) {
  double left = x - kernels.step / 2;
  double right = x + kernels.step / 2;
  if (kernels.is_log) {
    left = std::log(left);
    right = std::log(right);
  }
  for (std::size_t k = 0; k < sums.size(); ++k) {
    const double mu = kernels.mu[k];
    const double sigma = kernels.sigma[k];
    sums[k] += log_gauss_mass((left - mu) / sigma, (right - mu) / sigma) - log_norm[k];
  }
}

// What each kernel must be divided by: its mass between the ends, and its width where it is a density.
std::vector<double> log_normalisers(const NumericKernels& kernels) {
  std::vector<double> log_norm(kernels.mu.size());
  for (std::size_t k = 0; k < log_norm.size(); ++k) {
    const double mu = kernels.mu[k];
    const double sigma = kernels.sigma[k];
    log_norm[k] = log_gauss_mass((kernels.adapted_low - mu) / sigma, (kernels.adapted_high - mu) / sigma);
    if (kernels.step == 0.0) {
      log_norm[k] += std::log(sigma);
    }
  }
  return log_norm;
}

void add_numeric(const NumericKernels& kernels, std::span<const double> points, std::span<double> sums) {
  const std::vector<double> log_norm = log_normalisers(kernels);
  const std::size_t n_kernels = log_norm.size();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::span<double> row = sums.subspan(i * n_kernels, n_kernels);
    if (kernels.step != 0.0) {
      add_grid(kernels, log_norm, points[i], row);
    } else if (points[i] < kernels.low || points[i] > kernels.high) {
      std::fill(row.begin(), row.end(), -kInfinity);
    } else {
      add_continuous(kernels, log_norm, kernels.is_log ? std::log(points[i]) : points[i], row);
    }
  }
}

void add_categorical(const CategoricalKernels& kernels, std::span<const double> points,
                     std::span<double> sums) {
  const std::size_t n_kernels = kernels.observed.size();
  const double log_base = std::log(kernels.base);
  const double log_peak = std::log(kernels.peak);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto choice = static_cast<std::size_t>(points[i]);
    const std::span<double> row = sums.subspan(i * n_kernels, n_kernels);
    for (std::size_t k = 0; k + 1 < n_kernels; ++k) {
      row[k] += kernels.observed[k] == choice ? log_peak : log_base;
    }
    row.back() += std::log(kernels.prior);
  }
}

double log_sum_exp(std::span<const double> terms) {
  double largest = *std::max_element(terms.begin(), terms.end());
  if (largest == -kInfinity) {
    largest = 0.0;
  }
  double sum = 0.0;
  for (const double term : terms) {
    sum += std::exp(term - largest);
  }
  return std::log(sum) + largest;
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
  const std::size_t n = mus.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return mus[a] < mus[b]; });

  const double widest = usable_width(low, high);
  double narrowest =
      options.consider_magic_clip ? widest / std::min(100.0, 2.0 + static_cast<double>(n)) : kMinimalBandwidth;
  narrowest = std::max(narrowest, std::numeric_limits<double>::min());
  std::vector<double> sigmas(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double here = mus[order[i]];
    const double left = here - (i > 0 ? mus[order[i - 1]] : low);
    const double right = (i + 1 < n ? mus[order[i + 1]] : high) - here;
    double sigma = std::max(left, right);
    if (!options.consider_endpoints && n >= 2 && (i == 0 || i + 1 == n)) {
      sigma = i == 0 ? right : left;
    }
    sigmas[order[i]] = std::min(std::max(sigma, narrowest), widest);
  }
  return sigmas;
}

ParzenEstimator::ParzenEstimator(std::span<const Distribution* const> space, const Columns& observations,
                                 const ParzenOptions& options, std::vector<double> weights)
    : space_(space.begin(), space.end()) {
  const std::size_t n = observations.empty() ? 0 : observations.front().size();
  weights_ = mixture_weights(weights.empty() ? default_weights(n) : std::move(weights), options.prior_weight);
  kernels_.reserve(space_.size());
  for (std::size_t d = 0; d < space_.size(); ++d) {
    kernels_.push_back(std::visit(Fit{observations[d], options}, *space_[d]));
  }
}

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

std::vector<double> ParzenEstimator::log_density(const Columns& points) const {
  const std::size_t n_points = points.empty() ? 0 : points.front().size();
  const std::size_t n_kernels = weights_.size();
  std::vector<double> sums(n_points * n_kernels);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = std::log(weights_[i % n_kernels]);
  }
  for (std::size_t d = 0; d < space_.size(); ++d) {
    if (const auto* numeric = std::get_if<NumericKernels>(&kernels_[d])) {
      add_numeric(*numeric, points[d], sums);
    } else {
      add_categorical(std::get<CategoricalKernels>(kernels_[d]), points[d], sums);
    }
  }
  std::vector<double> densities(n_points);
  for (std::size_t i = 0; i < n_points; ++i) {
    densities[i] = log_sum_exp(std::span<const double>(sums).subspan(i * n_kernels, n_kernels));
  }
  return densities;
}

}  // namespace tune::samplers
