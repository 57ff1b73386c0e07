#include "tune/samplers/mixture_density.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "tune/math/elementary.hpp"

namespace tune::samplers {
namespace {

using math::kGroup;
using math::kTile;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kHalfLogTwoPi = 0.91893853320467274178;
constexpr double kRootHalf = 0.70710678118654752440;

// What a kernel must stay within of the certain density, as a logarithm.
constexpr double kMargin = 50.0;
// Points whose tables are held at the same time.
constexpr std::size_t kChunk = 64;

std::size_t padded(std::size_t n) {
  return (n + kGroup - 1) / kGroup * kGroup;
}

// A kernel whose mass is wanted: its mean and 1/σ.
struct Placed {
  double mu = 0.0;
  double scale = 1.0;
};

// Most are far from one end at least, which leaves a single tail to compute. The others need both.
void correct_wide(const std::vector<Placed>& kernels, double low, double high,
                  const std::vector<double>& nearer, std::vector<double>& masses) {
  std::vector<std::size_t> wide;
  std::vector<double> from;
  std::vector<double> to;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const auto [mu, scale] = kernels[i];
    if (nearer[i] >= 0.0 && std::max(mu - low, high - mu) * scale > kNoTail) {
      continue;
    }
    wide.push_back(i);
    from.push_back((low - mu) * scale);
    to.push_back((high - mu) * scale);
  }
  from.resize(padded(wide.size()), -1.0);
  to.resize(from.size(), 1.0);
  math::lane_kernels().masses(from.data(), to.data(), to.data(), to.size());
  for (std::size_t i = 0; i < wide.size(); ++i) {
    masses[wide[i]] = to[i];
  }
}

// The log mass of each of these kernels between the ends.
std::vector<double> log_masses(const std::vector<Placed>& kernels, double low, double high) {
  std::vector<double> nearer(padded(kernels.size()), 1.0);
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const auto [mu, scale] = kernels[i];
    nearer[i] = std::min(mu - low, high - mu) * scale;
  }
  std::vector<double> masses(nearer.size());
  math::lane_kernels().log_most(nearer.data(), masses.data(), masses.size());
  correct_wide(kernels, low, high, nearer, masses);
  return masses;
}

std::vector<double> log_widths(const std::vector<double>& sigma, std::span<const std::uint32_t> which) {
  std::vector<double> widths(padded(which.size()), 1.0);
  std::transform(which.begin(), which.end(), widths.begin(), [&](std::uint32_t k) { return sigma[k]; });
  math::lane_kernels().logs(widths.data(), widths.data(), widths.size());
  return widths;
}

std::vector<double> log_weights(const std::vector<double>& weights) {
  std::vector<double> padded_weights = weights;
  padded_weights.resize(padded(weights.size()), 1.0);
  std::vector<double> logs(padded_weights.size());
  math::lane_kernels().logs(padded_weights.data(), logs.data(), logs.size());
  return logs;
}

bool is_categorical(const Distribution* distribution) {
  return std::holds_alternative<CategoricalDistribution>(*distribution);
}

bool is_continuous(const Distribution* distribution) {
  const auto* range = std::get_if<FloatDistribution>(distribution);
  return range != nullptr && !range->step;
}

std::size_t count(std::span<const Distribution* const> space, bool (*wanted)(const Distribution*)) {
  return static_cast<std::size_t>(std::count_if(space.begin(), space.end(), wanted));
}

double prior_log_mass(const NumericKernels& kernels) {
  const double mu = kernels.mu.back();
  const double sigma = kernels.sigma.back();
  return math::log_interval_mass((kernels.adapted_low - mu) / sigma, (kernels.adapted_high - mu) / sigma);
}

}  // namespace

/// Room for the sums of one tile of points.
struct MixtureDensity::Sums {
  explicit Sums(std::size_t n_groups)
      : groups(std::make_unique_for_overwrite<std::uint32_t[]>(kTile * n_groups)),
        sums(kTile * n_groups * kGroup) {
    for (std::size_t i = 0; i < kTile; ++i) {
      survivors[i].groups = groups.get() + i * n_groups;
      survivors[i].sums = sums.data() + i * n_groups * kGroup;
    }
  }

  void reset(std::size_t i, double threshold) {
    survivors[i].count = 0;
    survivors[i].threshold = threshold;
  }

  std::unique_ptr<std::uint32_t[]> groups;
  math::Scratch sums;
  math::Survivors survivors[kTile];
};

MixtureDensity::MixtureDensity(std::span<const Distribution* const> space, const std::vector<double>& weights,
                               const std::function<const Kernels&(std::size_t parameter)>& kernels_of)
    : n_kernels_(weights.size() - 1),
      n_continuous_(count(space, is_continuous)),
      stride_((1 + 2 * n_continuous_ + count(space, is_categorical)) * kGroup),
      constants_(log_weights(weights)),
      rows_(padded(n_kernels_) / kGroup * stride_) {
  prior_constant_ = constants_[n_kernels_];
  for (std::size_t d = 0; d < space.size(); ++d) {
    std::visit([&](const auto& of) { place(of, d); }, kernels_of(d));
  }
  fill_constants();
}

void MixtureDensity::place(const NumericKernels& kernels, std::size_t parameter) {
  prior_constant_ -= prior_log_mass(kernels);
  if (kernels.step != 0.0) {
    place_grid(kernels, parameter);
  } else {
    place_continuous(kernels, parameter);
  }
}

void MixtureDensity::place_continuous(const NumericKernels& kernels, std::size_t parameter) {
  const std::size_t row = 1 + 2 * continuous_.size();
  fill_row(row, kernels.mu.data());
  fill_row(row + 1, 1.0 / kernels.narrowest * kRootHalf);
  std::vector<Placed> special;
  special.reserve(kernels.special.size());
  for (const std::uint32_t k : kernels.special) {
    special.push_back({kernels.mu[k], 1.0 / kernels.sigma[k]});
    entry(row + 1, k) = special.back().scale * kRootHalf;
  }
  const auto masses = log_masses(special, kernels.adapted_low, kernels.adapted_high);
  const auto widths = log_widths(kernels.sigma, kernels.special);
  const double log_narrowest = math::log(kernels.narrowest);
  common_constant_ -= log_narrowest + kHalfLogTwoPi;
  for (std::size_t i = 0; i < special.size(); ++i) {
    constants_[kernels.special[i]] -= masses[i] + (widths[i] - log_narrowest);
  }
  prior_constant_ -= math::log(kernels.sigma.back()) + kHalfLogTwoPi;
  continuous_.push_back(
      {parameter, kernels.is_log, kernels.low, kernels.high, kernels.mu.back(), kernels.sigma.back()});
}

// Kernels of one class have one mass, so that the classes are enough.
void MixtureDensity::place_grid(const NumericKernels& kernels, std::size_t parameter) {
  Grid grid{parameter, kernels.is_log, kernels.step, kernels.mu.back(), kernels.sigma.back(), {}, {}, {}};
  std::vector<Placed> classes;
  for (const std::uint32_t k : kernels.class_kernel) {
    classes.push_back({kernels.mu[k], 1.0 / kernels.sigma[k]});
    grid.class_mu.push_back(classes.back().mu);
    grid.class_scale.push_back(classes.back().scale);
  }
  const auto masses = log_masses(classes, kernels.adapted_low, kernels.adapted_high);
  for (std::size_t k = 0; k < n_kernels_; ++k) {
    constants_[k] -= masses[kernels.class_of[k]];
  }
  grid.class_of = kernels.class_of;
  grid.class_of.resize(padded(n_kernels_));
  grids_.push_back(std::move(grid));
}

void MixtureDensity::place(const CategoricalKernels& kernels, std::size_t parameter) {
  const double log_peak = math::log(kernels.peak);
  common_constant_ += log_peak;
  penalties_.push_back(log_peak - math::log(kernels.base));
  const std::vector<double> choices(kernels.observed.begin(), kernels.observed.end());
  fill_row(1 + 2 * n_continuous_ + categorical_.size(), choices.data());
  categorical_.push_back({parameter, math::log(kernels.prior)});
}

void MixtureDensity::fill_row(std::size_t row, const double* values) {
  double* to = rows_.data() + row * kGroup;
  std::size_t k = 0;
  for (; k + kGroup <= n_kernels_; k += kGroup, to += stride_) {
    std::memcpy(to, values + k, kGroup * sizeof(double));
  }
  for (std::size_t i = 0; k < padded(n_kernels_); ++k, ++i) {
    to[i] = k < n_kernels_ ? values[k] : 0.0;
  }
}

void MixtureDensity::fill_row(std::size_t row, double value) {
  double* to = rows_.data() + row * kGroup;
  for (std::size_t k = 0; k < n_kernels_; k += kGroup, to += stride_) {
    std::fill_n(to, kGroup, value);
  }
}

void MixtureDensity::fill_constants() {
  for (std::size_t k = 0; k < constants_.size(); ++k) {
    const double constant = constants_[k] + common_constant_;
    // A kernel without any mass inside the range has nothing to say.
    constants_[k] = k < n_kernels_ && constant < kInfinity ? constant : -kInfinity;
  }
  fill_row(0, constants_.data());
  for (std::size_t k = n_kernels_; k < padded(n_kernels_); ++k) {
    entry(0, k) = -kInfinity;
  }
}

MixtureDensity::Cell MixtureDensity::cell_at(const Grid& grid, double x) {
  Cell cell{x - grid.step / 2, x + grid.step / 2, {}};
  if (grid.is_log) {
    cell.left = math::log(cell.left);
    cell.right = math::log(cell.right);
  }
  return cell;
}

void MixtureDensity::fill_table(const Grid& grid, Cell& cell) {
  const std::size_t n = grid.class_mu.size();
  std::vector<double> a(padded(n), 1.0);
  std::vector<double> b(padded(n), 2.0);
  for (std::size_t i = 0; i < n; ++i) {
    a[i] = (cell.left - grid.class_mu[i]) * grid.class_scale[i];
    b[i] = (cell.right - grid.class_mu[i]) * grid.class_scale[i];
  }
  cell.table.resize(padded(n));
  math::lane_kernels().masses(a.data(), b.data(), cell.table.data(), cell.table.size());
}

// Each distinct cell once.
MixtureDensity::Cells MixtureDensity::cells_at(const Columns& points, std::size_t begin,
                                               std::size_t end) const {
  Cells cells{begin, end - begin, std::vector<std::vector<Cell>>(grids_.size()), {}};
  for (std::size_t g = 0; g < grids_.size(); ++g) {
    std::vector<double> distinct;
    for (std::size_t i = begin; i < end; ++i) {
      const double x = points[grids_[g].parameter][i];
      const auto found = std::find(distinct.begin(), distinct.end(), x);
      cells.where.push_back(static_cast<std::size_t>(found - distinct.begin()));
      if (found == distinct.end()) {
        distinct.push_back(x);
        cells.distinct[g].push_back(cell_at(grids_[g], x));
      }
    }
  }
  return cells;
}

bool MixtureDensity::is_outside(const Columns& points, std::size_t point) const {
  return std::any_of(continuous_.begin(), continuous_.end(), [&](const Continuous& of) {
    const double x = points[of.parameter][point];
    return x < of.low || x > of.high;
  });
}

double MixtureDensity::prior_term(const double* rows, Cells& cells, std::size_t point) const {
  double sum = prior_constant_;
  for (std::size_t d = 0; d < continuous_.size(); ++d) {
    const double z = (rows[d] - continuous_[d].prior_mu) / continuous_[d].prior_sigma;
    sum -= 0.5 * z * z;
  }
  for (const Categorical& of : categorical_) {
    sum += of.log_prior;
  }
  for (std::size_t g = 0; g < grids_.size(); ++g) {
    const Cell& cell = cells.at(g, point);
    sum += math::log_interval_mass((cell.left - grids_[g].prior_mu) / grids_[g].prior_sigma,
                                   (cell.right - grids_[g].prior_mu) / grids_[g].prior_sigma);
  }
  return sum;
}

void MixtureDensity::read_point(const Columns& points, std::size_t point, double* to) const {
  for (const Continuous& of : continuous_) {
    const double x = points[of.parameter][point];
    *to++ = of.is_log ? math::log(x) : x;
  }
  for (const Categorical& of : categorical_) {
    *to++ = points[of.parameter][point];
  }
}

double MixtureDensity::sum_up(math::Survivors& survivors, double prior, Cells& cells, std::size_t point) const {
  const math::LaneKernels& lanes = math::lane_kernels();
  for (std::size_t g = 0; g < grids_.size(); ++g) {
    const Grid& grid = grids_[g];
    Cell& cell = cells.at(g, point);
    if (cell.table.empty() && grid.class_mu.size() <= survivors.count * kGroup) {
      fill_table(grid, cell);
    }
    if (!cell.table.empty()) {
      lanes.add_table(grid.class_of.data(), cell.table.data(), survivors);
    } else {
      lanes.add_cells({grid.class_of.data(), grid.class_mu.data(), grid.class_scale.data()}, cell.left,
                      cell.right, survivors);
    }
  }
  const double largest = std::max(lanes.largest(survivors), prior);
  if (largest == -kInfinity) {
    return largest;
  }
  return math::log(lanes.sum_of_exp(survivors, largest) + math::exp(prior - largest)) + largest;
}

void MixtureDensity::add_chunk(const Columns& points, std::size_t begin, std::size_t end, Sums& sums,
                               std::vector<double>& densities) const {
  const std::size_t width = continuous_.size() + categorical_.size();
  const math::KernelGroups groups{rows_.data(),       padded(n_kernels_) / kGroup, stride_,
                                  continuous_.size(), categorical_.size(),         penalties_.data()};
  Cells cells = cells_at(points, begin, end);
  std::vector<double> tile(kTile * width);
  for (std::size_t first = begin; first < end; first += kTile) {
    double priors[kTile];
    for (std::size_t i = 0; i < kTile; ++i) {
      const std::size_t point = std::min(first + i, end - 1);
      read_point(points, point, tile.data() + i * width);
      priors[i] = prior_term(tile.data() + i * width, cells, point);
      sums.reset(i, priors[i] - kMargin);
    }
    // Without grids the sums are final, so that the largest can raise the threshold on the way.
    math::lane_kernels().accumulate(groups, tile.data(), grids_.empty() ? &kMargin : nullptr, sums.survivors);
    for (std::size_t i = 0; i < kTile && first + i < end; ++i) {
      if (!is_outside(points, first + i)) {
        densities[first + i] = sum_up(sums.survivors[i], priors[i], cells, first + i);
      }
    }
  }
}

std::vector<double> MixtureDensity::log_density(const Columns& points) const {
  const std::size_t n_points = points.empty() ? 0 : points.front().size();
  Sums sums(padded(n_kernels_) / kGroup);
  std::vector<double> densities(n_points, -kInfinity);
  for (std::size_t begin = 0; begin < n_points; begin += kChunk) {
    add_chunk(points, begin, std::min(begin + kChunk, n_points), sums, densities);
  }
  return densities;
}

}  // namespace tune::samplers
