#include "tune/analysis/grid_density.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tune/samplers/truncated_normal.hpp"

namespace tune::analysis {
namespace {

constexpr double kPriorWeight = 1.0;

/// Where a grid over numbers lies.
struct Grid {
  double low = 0.0;
  double high = 0.0;
  bool is_log = false;
  std::size_t n_points = 2;

  [[nodiscard]] double coordinate(double value) const { return is_log ? std::log(value) : value; }
  [[nodiscard]] std::size_t nearest(double value) const {
    const double first = coordinate(low);
    const double spacing = (coordinate(high) - first) / static_cast<double>(n_points - 1);
    const double place = std::ceil((coordinate(value) - first) / spacing - 0.5);
    if (!(place > 0.0)) return 0;  // NaN, where the range is too narrow or too wide for a double, is here too.
    return static_cast<std::size_t>(std::min(place, static_cast<double>(n_points - 1)));
  }
};

std::size_t at_most(double n_points, std::size_t most) {
  return n_points < static_cast<double>(most) ? static_cast<std::size_t>(n_points) : most;
}

/// Values on the grid of a `step`, ends included.
double n_steps(double low, double high, double step) {
  return std::nearbyint((high - low) / step) + 1.0;
}

Grid grid_of(const FloatDistribution& d, std::size_t most) {
  return {d.low, d.high, d.log, d.step ? at_most(n_steps(d.low, d.high, *d.step), most) : most};
}

Grid grid_of(const IntDistribution& d, std::size_t most) {
  const auto low = static_cast<double>(d.low);
  const auto high = static_cast<double>(d.high);
  const double n_points = d.log ? std::ceil(std::log(high - low + 1.0) / std::log(2.0)) + 1.0
                                : n_steps(low, high, static_cast<double>(d.step));
  return {low, high, d.log, at_most(n_points, most)};
}

struct Count {
  std::span<const double> values;
  std::size_t most_points;

  template <typename Numbers>
  std::vector<double> operator()(const Numbers& distribution) const {
    const Grid grid = grid_of(distribution, most_points);
    std::vector<double> counts(grid.n_points);
    for (const double value : values) ++counts[grid.nearest(value)];
    return counts;
  }
  std::vector<double> operator()(const CategoricalDistribution& distribution) const {
    std::vector<double> counts(distribution.choices.size());
    for (const double value : values) {
      const double last = static_cast<double>(counts.size() - 1);
      ++counts[static_cast<std::size_t>(std::clamp(value, 0.0, last))];
    }
    return counts;
  }
};

/// The first point at which so many values have been counted, with `beyond` more than so many.
double quartile(std::span<const double> counts, double n_wanted, bool beyond) {
  double n_seen = 0.0;
  double last_counted = 0.0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0.0) continue;
    n_seen += counts[i];
    last_counted = static_cast<double>(i);
    if (beyond ? n_seen > n_wanted : n_seen >= n_wanted) break;
  }
  return last_counted;
}

double standard_deviation(std::span<const double> counts, double n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < counts.size(); ++i) sum += counts[i] * static_cast<double>(i);
  const double mean = sum / n;
  double squares = 0.0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    squares += counts[i] * (static_cast<double>(i) - mean) * (static_cast<double>(i) - mean);
  }
  return std::sqrt(squares / std::max(1.0, n - 1.0));
}

/// Scott's rule for kernels on grid points; at least so wide that 90 % of a kernel lies over its own point.
double bandwidth(std::span<const double> counts) {
  constexpr double kNarrowest = 0.5 / 1.64;
  const double n = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double upper = quartile(counts, std::floor(n * 3.0 / 4.0), true);
  const double lower = quartile(counts, std::floor(n / 4.0), false);
  const double spread = std::min((upper - lower) / 1.34, standard_deviation(counts, n));
  return std::max(1.059 * spread * std::pow(n, -0.2), kNarrowest);
}

/// A normal kernel over grid points, truncated half a point beyond the ends. Its mass depends on the distance
/// alone, and is computed once for each.
class Kernel {
 public:
  Kernel(double sigma, std::size_t n_points) : sigma_(sigma), end_(static_cast<double>(n_points) - 0.5) {
    for (std::size_t i = 0; i < 2 * n_points - 1; ++i) {
      const double distance = static_cast<double>(i) - static_cast<double>(n_points - 1);
      log_mass_.push_back(samplers::log_gauss_mass((distance - 0.5) / sigma, (distance + 0.5) / sigma));
    }
  }

  /// Adds `weight` times the kernel around a point.
  void add(std::size_t center, double weight, std::vector<double>& density) const {
    const auto mu = static_cast<double>(center);
    const double log_whole = samplers::log_gauss_mass((-0.5 - mu) / sigma_, (end_ - mu) / sigma_);
    const std::size_t first = density.size() - 1 - center;
    for (std::size_t i = 0; i < density.size(); ++i) {
      density[i] += weight * std::exp(log_mass_[first + i] - log_whole);
    }
  }

 private:
  double sigma_;
  double end_;
  std::vector<double> log_mass_;
};

/// The prior kernel is as wide as the range, around its middle.
void add_prior(double weight, std::vector<double>& density) {
  const auto sigma = static_cast<double>(density.size());
  const double mu = (sigma - 1.0) / 2.0;
  const auto log_mass = [&](double from, double to) {
    return samplers::log_gauss_mass((from - mu) / sigma, (to - mu) / sigma);
  };
  const double log_whole = log_mass(-0.5, sigma - 0.5);
  for (std::size_t i = 0; i < density.size(); ++i) {
    const auto x = static_cast<double>(i);
    density[i] += weight * std::exp(log_mass(x - 0.5, x + 0.5) - log_whole);
  }
}

std::vector<double> density_of_numbers(std::span<const double> counts, double total) {
  std::vector<double> density(counts.size());
  const Kernel kernel(bandwidth(counts), counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0.0) kernel.add(i, counts[i] / total, density);
  }
  add_prior(kPriorWeight / total, density);
  return density;
}

/// A kernel gives its own choice more than the others, the more the more choices were counted.
std::vector<double> density_of_choices(std::span<const double> counts, double total) {
  const auto n_counted = std::count_if(counts.begin(), counts.end(), [](double count) { return count > 0.0; });
  const double share = kPriorWeight / static_cast<double>(n_counted + 1);
  const double row_sum = 1.0 + share * static_cast<double>(counts.size());
  const double base = share / row_sum * (total - kPriorWeight) / total +
                      kPriorWeight / total / static_cast<double>(counts.size());
  std::vector<double> density(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) density[i] = base + counts[i] / total / row_sum;
  return density;
}

}  // namespace

std::vector<double> grid_counts(const Distribution& distribution, std::span<const double> values,
                                std::size_t most_points) {
  return std::visit(Count{values, most_points}, distribution);
}

std::vector<double> grid_density(const Distribution& distribution, std::span<const double> counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), kPriorWeight);
  return std::holds_alternative<CategoricalDistribution>(distribution) ? density_of_choices(counts, total)
                                                                       : density_of_numbers(counts, total);
}

}  // namespace tune::analysis
