#include "tune/samplers/mixture_density.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

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
// This many bandwidths away, the rest of the normal distribution is no longer seen in double precision.
constexpr double kNoTail = 8.5;
// A table is made where it has at most this many rows, or a quarter as many as there are kernels.
constexpr std::size_t kSmallTable = 64;
// Points whose tables are held at the same time.
constexpr std::size_t kChunk = 64;

std::size_t padded(std::size_t n) {
  return (n + kGroup - 1) / kGroup * kGroup;
}

// Values of some kernels that a loop over eight is to map.
struct Selection {
  std::vector<std::size_t> kernels;
  std::vector<double> a;
  std::vector<double> b;

  void add(std::size_t kernel, double x, double y) {
    kernels.push_back(kernel);
    a.push_back(x);
    b.push_back(y);
  }
  void pad() {
    a.resize(padded(a.size()), 1.0);
    b.resize(padded(b.size()), 2.0);
  }
};

void subtract(const Selection& selection, const std::vector<double>& terms, std::vector<double>& constants) {
  for (std::size_t i = 0; i < selection.kernels.size(); ++i) {
    constants[selection.kernels[i]] -= terms[i];
  }
}

// The mass of each kernel between the ends: 1 for all that are far from both.
void subtract_masses(const NumericKernels& kernels, std::size_t n, std::vector<double>& constants) {
  Selection selection;
  for (std::size_t k = 0; k < n; ++k) {
    const double scale = 1.0 / kernels.sigma[k];
    const double a = (kernels.adapted_low - kernels.mu[k]) * scale;
    const double b = (kernels.adapted_high - kernels.mu[k]) * scale;
    if (!(a < -kNoTail && b > kNoTail)) {
      selection.add(k, a, b);
    }
  }
  selection.pad();
  std::vector<double> masses(selection.a.size());
  math::lane_kernels().masses(selection.a.data(), selection.b.data(), masses.data(), masses.size());
  subtract(selection, masses, constants);
}

// Most bandwidths are the narrowest one, whose logarithm is taken once.
void subtract_log_widths(const NumericKernels& kernels, std::size_t n, std::vector<double>& constants) {
  const double narrowest = *std::min_element(kernels.sigma.begin(), kernels.sigma.end());
  const double log_narrowest = math::log(narrowest);
  Selection selection;
  for (std::size_t k = 0; k < n; ++k) {
    const bool is_narrowest = kernels.sigma[k] == narrowest;
    constants[k] -= kHalfLogTwoPi + (is_narrowest ? log_narrowest : 0.0);
    if (!is_narrowest) {
      selection.add(k, kernels.sigma[k], 0.0);
    }
  }
  selection.pad();
  std::vector<double> logs(selection.a.size());
  math::lane_kernels().logs(selection.a.data(), logs.data(), logs.size());
  subtract(selection, logs, constants);
}

std::vector<double> log_weights(const std::vector<double>& weights) {
  std::vector<double> padded_weights = weights;
  padded_weights.resize(padded(weights.size()), 1.0);
  std::vector<double> logs(padded_weights.size());
  math::lane_kernels().logs(padded_weights.data(), logs.data(), logs.size());
  return logs;
}

double prior_log_mass(const NumericKernels& kernels) {
  const double mu = kernels.mu.back();
  const double sigma = kernels.sigma.back();
  return math::log_interval_mass((kernels.adapted_low - mu) / sigma, (kernels.adapted_high - mu) / sigma);
}

}  // namespace

/// Room for the sums of one tile of points.
struct MixtureDensity::Scratch {
  explicit Scratch(std::size_t n_groups) : groups(kTile * n_groups), sums(kTile * n_groups * kGroup) {
    for (std::size_t i = 0; i < kTile; ++i) {
      survivors[i].groups = groups.data() + i * n_groups;
      survivors[i].sums = sums.data() + i * n_groups * kGroup;
    }
  }

  void reset(std::size_t i, double threshold) {
    survivors[i].count = 0;
    survivors[i].threshold = threshold;
  }

  std::vector<std::uint32_t> groups;
  std::vector<double> sums;
  math::Survivors survivors[kTile];
};

MixtureDensity::MixtureDensity(const std::vector<Kernels>& kernels, const std::vector<double>& weights)
    : n_kernels_(weights.size() - 1), constants_(log_weights(weights)) {
  prior_constant_ = constants_[n_kernels_];
  for (std::size_t d = 0; d < kernels.size(); ++d) {
    std::visit([&](const auto& of) { place(of, d); }, kernels[d]);
  }
  stride_ = (1 + 2 * continuous_.size() + categorical_.size()) * kGroup;
  rows_.resize(padded(n_kernels_) / kGroup * stride_);
  fill_rows(kernels);
}

void MixtureDensity::place(const NumericKernels& kernels, std::size_t parameter) {
  subtract_masses(kernels, n_kernels_, constants_);
  prior_constant_ -= prior_log_mass(kernels);
  if (kernels.step != 0.0) {
    Grid grid{
        parameter, kernels.is_log, kernels.step, kernels.mu.back(), kernels.sigma.back(), false, {}, {}, {},
        {}};
    fill_grid(kernels, grid);
    grids_.push_back(std::move(grid));
    return;
  }
  subtract_log_widths(kernels, n_kernels_, constants_);
  prior_constant_ -= math::log(kernels.sigma.back()) + kHalfLogTwoPi;
  continuous_.push_back(
      {parameter, kernels.is_log, kernels.low, kernels.high, kernels.mu.back(), kernels.sigma.back()});
}

void MixtureDensity::place(const CategoricalKernels& kernels, std::size_t parameter) {
  const double log_peak = math::log(kernels.peak);
  for (std::size_t k = 0; k < n_kernels_; ++k) {
    constants_[k] += log_peak;
  }
  penalties_.push_back(log_peak - math::log(kernels.base));
  categorical_.push_back({parameter, math::log(kernels.prior)});
}

void MixtureDensity::fill_grid(const NumericKernels& kernels, Grid& grid) const {
  grid.by_class = kernels.class_kernel.size() <= std::max(kSmallTable, n_kernels_ / 4);
  if (grid.by_class) {
    grid.class_of = kernels.class_of;
    grid.class_of.resize(padded(n_kernels_));
    for (const std::uint32_t k : kernels.class_kernel) {
      grid.class_mu.push_back(kernels.mu[k]);
      grid.class_scale.push_back(1.0 / kernels.sigma[k]);
    }
    return;
  }
  grid.rows.resize(2 * padded(n_kernels_), 1.0);
  for (std::size_t k = 0; k < n_kernels_; ++k) {
    double* row = grid.rows.data() + k / kGroup * 2 * kGroup + k % kGroup;
    row[0] = kernels.mu[k];
    row[kGroup] = 1.0 / kernels.sigma[k];
  }
}

void MixtureDensity::fill_rows(const std::vector<Kernels>& kernels) {
  for (std::size_t k = 0; k < padded(n_kernels_); ++k) {
    // A kernel without any mass inside the range has nothing to say.
    put_row(0, k, k < n_kernels_ && constants_[k] < kInfinity ? constants_[k] : -kInfinity);
  }
  std::size_t row = 1;
  for (const Continuous& parameter : continuous_) {
    const auto& of = std::get<NumericKernels>(kernels[parameter.parameter]);
    for (std::size_t k = 0; k < n_kernels_; ++k) {
      put_row(row, k, of.mu[k]);
      put_row(row + 1, k, kRootHalf / of.sigma[k]);
    }
    row += 2;
  }
  for (const Categorical& parameter : categorical_) {
    const auto& of = std::get<CategoricalKernels>(kernels[parameter.parameter]);
    for (std::size_t k = 0; k < n_kernels_; ++k) {
      put_row(row, k, static_cast<double>(of.observed[k]));
    }
    ++row;
  }
}

MixtureDensity::Cell MixtureDensity::cell_at(const Grid& grid, double x) const {
  Cell cell{x - grid.step / 2, x + grid.step / 2, {}};
  if (grid.is_log) {
    cell.left = math::log(cell.left);
    cell.right = math::log(cell.right);
  }
  if (!grid.by_class || n_kernels_ == 0) {
    return cell;
  }
  const std::size_t n = grid.class_mu.size();
  std::vector<double> a(padded(n), 1.0);
  std::vector<double> b(padded(n), 2.0);
  for (std::size_t i = 0; i < n; ++i) {
    a[i] = (cell.left - grid.class_mu[i]) * grid.class_scale[i];
    b[i] = (cell.right - grid.class_mu[i]) * grid.class_scale[i];
  }
  cell.table.resize(padded(n));
  math::lane_kernels().masses(a.data(), b.data(), cell.table.data(), cell.table.size());
  return cell;
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

double MixtureDensity::prior_term(const double* rows, const Cells& cells, std::size_t point) const {
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

double MixtureDensity::sum_up(math::Survivors& survivors, double prior, const Cells& cells,
                              std::size_t point) const {
  const math::LaneKernels& lanes = math::lane_kernels();
  for (std::size_t g = 0; g < grids_.size(); ++g) {
    const Cell& cell = cells.at(g, point);
    if (grids_[g].by_class) {
      lanes.add_table(grids_[g].class_of.data(), cell.table.data(), survivors);
    } else {
      lanes.add_cells({grids_[g].rows.data()}, cell.left, cell.right, survivors);
    }
  }
  const double largest = std::max(lanes.largest(survivors), prior);
  if (largest == -kInfinity) {
    return largest;
  }
  return math::log(lanes.sum_of_exp(survivors, largest) + math::exp(prior - largest)) + largest;
}

void MixtureDensity::add_chunk(const Columns& points, std::size_t begin, std::size_t end, Scratch& scratch,
                               std::vector<double>& densities) const {
  const std::size_t width = continuous_.size() + categorical_.size();
  const math::KernelGroups groups{rows_.data(),       padded(n_kernels_) / kGroup, stride_,
                                  continuous_.size(), categorical_.size(),         penalties_.data()};
  const Cells cells = cells_at(points, begin, end);
  std::vector<double> tile(kTile * width);
  for (std::size_t first = begin; first < end; first += kTile) {
    double priors[kTile];
    for (std::size_t i = 0; i < kTile; ++i) {
      const std::size_t point = std::min(first + i, end - 1);
      read_point(points, point, tile.data() + i * width);
      priors[i] = prior_term(tile.data() + i * width, cells, point);
      scratch.reset(i, priors[i] - kMargin);
    }
    // Without grids the sums are final, so that the largest can raise the threshold on the way.
    math::lane_kernels().accumulate(groups, tile.data(), grids_.empty() ? &kMargin : nullptr,
                                    scratch.survivors);
    for (std::size_t i = 0; i < kTile && first + i < end; ++i) {
      if (!is_outside(points, first + i)) {
        densities[first + i] = sum_up(scratch.survivors[i], priors[i], cells, first + i);
      }
    }
  }
}

std::vector<double> MixtureDensity::log_density(const Columns& points) const {
  const std::size_t n_points = points.empty() ? 0 : points.front().size();
  Scratch scratch(padded(n_kernels_) / kGroup);
  std::vector<double> densities(n_points, -kInfinity);
  for (std::size_t begin = 0; begin < n_points; begin += kChunk) {
    add_chunk(points, begin, std::min(begin + kChunk, n_points), scratch, densities);
  }
  return densities;
}

}  // namespace tune::samplers
