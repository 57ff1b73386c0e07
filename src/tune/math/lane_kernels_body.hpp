#pragma once

#include "tune/math/lane_kernels.hpp"
#include "tune/math/lanes.hpp"

// Included by one source file for each set of instructions; everything is local to that file.
namespace tune::math {
namespace {

using lanes::kLanes;
using lanes::Lanes;

// After so many parameters, groups that are out of reach are left.
constexpr std::size_t kPatience = 4;

Lanes load(const double* from) {
  Lanes value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

void store(double* to, const Lanes& value) {
  __builtin_memcpy(to, &value, sizeof value);
}

double largest_lane(const Lanes& x) {
  const double first = x[0] > x[1] ? x[0] : x[1];
  const double second = x[2] > x[3] ? x[2] : x[3];
  return first > second ? first : second;
}

double sum_of_lanes(const Lanes& x) {
  return (x[0] + x[2]) + (x[1] + x[3]);
}

bool reaches(const Lanes& low, const Lanes& high, double threshold) {
  return lanes::any((low >= threshold) | (high >= threshold));
}

// Sums only fall, so that a group that no point needs any more can be left.
bool any_reaches(const Lanes* low, const Lanes* high, const Survivors* out) {
  auto mask = low[0] >= out[0].threshold;
  mask |= high[0] >= out[0].threshold;
  for (std::size_t i = 1; i < kTile; ++i) {
    mask |= low[i] >= out[i].threshold;
    mask |= high[i] >= out[i].threshold;
  }
  return lanes::any(mask);
}

// A NaN counts as −∞: such a kernel says nothing about the point.
Lanes clean(const Lanes& sum) {
  return lanes::larger(sum, lanes::broadcast<Lanes>(-lanes::kInfinity));
}

void append(const Lanes& low, const Lanes& high, std::size_t group, const double* margin, Survivors& out) {
  const Lanes sums[2] = {clean(low), clean(high)};
  out.groups[out.count] = static_cast<std::uint32_t>(group);
  store(out.sums + out.count * kGroup, sums[0]);
  store(out.sums + out.count * kGroup + kLanes, sums[1]);
  ++out.count;
  if (margin == nullptr) return;
  const double best = largest_lane(lanes::larger(sums[0], sums[1]));
  if (best - *margin > out.threshold) out.threshold = best - *margin;
}

void accumulate(const KernelGroups& kernels, const double* points, const double* margin, Survivors* out) {
  const std::size_t width = kernels.n_continuous + kernels.n_categorical;
  for (std::size_t group = 0; group < kernels.n_groups; ++group) {
    const double* row = kernels.rows + group * kernels.stride;
    Lanes low[kTile];
    Lanes high[kTile];
    for (std::size_t i = 0; i < kTile; ++i) {
      low[i] = load(row);
      high[i] = load(row + kLanes);
    }
    row += kGroup;
    for (std::size_t d = 0; d < kernels.n_continuous; ++d, row += 2 * kGroup) {
      for (std::size_t i = 0; i < kTile; ++i) {
        const double x = points[i * width + d];
        const Lanes y = (x - load(row)) * load(row + kGroup);
        const Lanes z = (x - load(row + kLanes)) * load(row + kGroup + kLanes);
        low[i] -= y * y;
        high[i] -= z * z;
      }
      if (d % kPatience == kPatience - 1 && !any_reaches(low, high, out)) break;
    }
    if (!any_reaches(low, high, out)) continue;
    for (std::size_t d = 0; d < kernels.n_categorical; ++d, row += kGroup) {
      const Lanes penalty = lanes::broadcast<Lanes>(kernels.penalties[d]);
      for (std::size_t i = 0; i < kTile; ++i) {
        const double choice = points[i * width + kernels.n_continuous + d];
        low[i] -= lanes::select(load(row) == choice, Lanes{}, penalty);
        high[i] -= lanes::select(load(row + kLanes) == choice, Lanes{}, penalty);
      }
    }
    for (std::size_t i = 0; i < kTile; ++i) {
      if (reaches(low[i], high[i], out[i].threshold)) append(low[i], high[i], group, margin, out[i]);
    }
  }
}

// Keeps a group unless the parameter just added brought it below the threshold.
void put_back(Survivors& sums, std::size_t from, const Lanes& low, const Lanes& high, std::size_t& kept) {
  if (!reaches(low, high, sums.threshold)) return;
  sums.groups[kept] = sums.groups[from];
  store(sums.sums + kept * kGroup, clean(low));
  store(sums.sums + kept * kGroup + kLanes, clean(high));
  ++kept;
}

Lanes gather(const std::uint32_t* of, const double* from) {
  return Lanes{from[of[0]], from[of[1]], from[of[2]], from[of[3]]};
}

Lanes cell_masses(const GridClasses& grid, std::size_t kernel, double left, double right) {
  const Lanes mu = gather(grid.class_of + kernel, grid.mu);
  const Lanes scale = gather(grid.class_of + kernel, grid.scale);
  return lanes::log_interval_mass(Lanes((left - mu) * scale), Lanes((right - mu) * scale));
}

void add_cells(const GridClasses& grid, double left, double right, Survivors& sums) {
  std::size_t kept = 0;
  for (std::size_t s = 0; s < sums.count; ++s) {
    const std::size_t first = std::size_t{sums.groups[s]} * kGroup;
    const double* sum = sums.sums + s * kGroup;
    put_back(sums, s, load(sum) + cell_masses(grid, first, left, right),
             load(sum + kLanes) + cell_masses(grid, first + kLanes, left, right), kept);
  }
  sums.count = kept;
}

void add_table(const std::uint32_t* classes, const double* table, Survivors& sums) {
  std::size_t kept = 0;
  for (std::size_t s = 0; s < sums.count; ++s) {
    const std::uint32_t* of = classes + std::size_t{sums.groups[s]} * kGroup;
    const double* sum = sums.sums + s * kGroup;
    const Lanes low = gather(of, table);
    const Lanes high = gather(of + kLanes, table);
    put_back(sums, s, load(sum) + low, load(sum + kLanes) + high, kept);
  }
  sums.count = kept;
}

double largest(const Survivors& sums) {
  Lanes best = lanes::broadcast<Lanes>(-lanes::kInfinity);
  for (std::size_t i = 0; i < sums.count * kGroup; i += kLanes) {
    best = lanes::larger(load(sums.sums + i), best);
  }
  return largest_lane(best);
}

double sum_of_exp(const Survivors& sums, double largest) {
  Lanes low{};
  Lanes high{};
  for (std::size_t i = 0; i < sums.count * kGroup; i += kGroup) {
    low += lanes::exp(Lanes(load(sums.sums + i) - largest));
    high += lanes::exp(Lanes(load(sums.sums + i + kLanes) - largest));
  }
  return sum_of_lanes(low + high);
}

void logs(const double* x, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLanes) store(out + i, lanes::log(load(x + i)));
}

void exps(const double* x, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLanes) store(out + i, lanes::exp(load(x + i)));
}

void log_most(const double* x, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLanes) store(out + i, lanes::log_most(load(x + i)));
}

void quantiles(const double* a, const double* b, double* x, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLanes) {
    store(x + i, lanes::truncated_normal_quantile(load(x + i), load(a + i), load(b + i)));
  }
}

void masses(const double* a, const double* b, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLanes) {
    store(out + i, lanes::log_interval_mass(load(a + i), load(b + i)));
  }
}

constexpr LaneKernels kKernels{accumulate, add_cells, add_table, largest,   sum_of_exp,
                               logs,       exps,      log_most,  quantiles, masses};

}  // namespace
}  // namespace tune::math
