#pragma once

#include "tune/math/lane_kernels.hpp"
#include "tune/math/lanes.hpp"

// Included by one source file for each set of instructions; everything is local to that file.
namespace tune::math {
namespace {

using lanes::Lanes;

Lanes load(const double* from) {
  Lanes value;
  __builtin_memcpy(&value, from, sizeof value);
  return value;
}

void store(double* to, const Lanes& value) {
  __builtin_memcpy(to, &value, sizeof value);
}

double largest_lane(const Lanes& x) {
  const Lanes four = lanes::larger(x, Lanes(__builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3)));
  const Lanes two = lanes::larger(four, Lanes(__builtin_shufflevector(four, four, 2, 3, 0, 1, 6, 7, 4, 5)));
  return two[0] > two[1] ? two[0] : two[1];
}

double sum_of_lanes(const Lanes& x) {
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

void keep_if_alive(const Lanes& sum, std::size_t group, const double* margin, Survivors& out) {
  // A NaN counts as −∞: such a kernel says nothing about the point.
  const Lanes clean = lanes::larger(sum, lanes::broadcast<Lanes>(-lanes::kInfinity));
  const double best = largest_lane(clean);
  if (!(best >= out.threshold)) return;
  out.groups[out.count] = static_cast<std::uint32_t>(group);
  store(out.sums + out.count * kGroup, clean);
  ++out.count;
  if (margin != nullptr && best - *margin > out.threshold) out.threshold = best - *margin;
}

void accumulate(const KernelGroups& kernels, const double* points, const double* margin, Survivors* out) {
  const std::size_t width = kernels.n_continuous + kernels.n_categorical;
  for (std::size_t group = 0; group < kernels.n_groups; ++group) {
    const double* row = kernels.rows + group * kernels.stride;
    Lanes sums[kTile];
    for (Lanes& sum : sums) sum = load(row);
    row += kGroup;
    for (std::size_t d = 0; d < kernels.n_continuous; ++d, row += 2 * kGroup) {
      const Lanes mu = load(row);
      const Lanes scale = load(row + kGroup);
      for (std::size_t i = 0; i < kTile; ++i) {
        const Lanes z = (points[i * width + d] - mu) * scale;
        sums[i] -= z * z;
      }
    }
    for (std::size_t d = 0; d < kernels.n_categorical; ++d, row += kGroup) {
      const Lanes observed = load(row);
      const Lanes penalty = lanes::broadcast<Lanes>(kernels.penalties[d]);
      for (std::size_t i = 0; i < kTile; ++i) {
        const double choice = points[i * width + kernels.n_continuous + d];
        sums[i] -= lanes::select(observed == choice, Lanes{}, penalty);
      }
    }
    for (std::size_t i = 0; i < kTile; ++i) keep_if_alive(sums[i], group, margin, out[i]);
  }
}

// Drops the groups that a further parameter brought below the threshold.
void put_back(Survivors& sums, std::size_t from, const Lanes& sum, std::size_t& kept) {
  const Lanes clean = lanes::larger(sum, lanes::broadcast<Lanes>(-lanes::kInfinity));
  if (!(largest_lane(clean) >= sums.threshold)) return;
  sums.groups[kept] = sums.groups[from];
  store(sums.sums + kept * kGroup, clean);
  ++kept;
}

void add_cells(const GridRows& grid, double left, double right, Survivors& sums) {
  std::size_t kept = 0;
  for (std::size_t s = 0; s < sums.count; ++s) {
    const double* row = grid.rows + std::size_t{sums.groups[s]} * 2 * kGroup;
    const Lanes mu = load(row);
    const Lanes scale = load(row + kGroup);
    const Lanes mass = lanes::log_interval_mass(Lanes((left - mu) * scale), Lanes((right - mu) * scale));
    put_back(sums, s, load(sums.sums + s * kGroup) + mass, kept);
  }
  sums.count = kept;
}

void add_table(const std::uint32_t* classes, const double* table, Survivors& sums) {
  std::size_t kept = 0;
  for (std::size_t s = 0; s < sums.count; ++s) {
    const std::uint32_t* of = classes + std::size_t{sums.groups[s]} * kGroup;
    const Lanes term = {table[of[0]], table[of[1]], table[of[2]], table[of[3]],
                        table[of[4]], table[of[5]], table[of[6]], table[of[7]]};
    put_back(sums, s, load(sums.sums + s * kGroup) + term, kept);
  }
  sums.count = kept;
}

double largest(const Survivors& sums) {
  Lanes best = lanes::broadcast<Lanes>(-lanes::kInfinity);
  for (std::size_t s = 0; s < sums.count; ++s) best = lanes::larger(load(sums.sums + s * kGroup), best);
  return largest_lane(best);
}

double sum_of_exp(const Survivors& sums, double largest) {
  Lanes total{};
  for (std::size_t s = 0; s < sums.count; ++s) {
    total += lanes::exp(Lanes(load(sums.sums + s * kGroup) - largest));
  }
  return sum_of_lanes(total);
}

void logs(const double* x, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kGroup) store(out + i, lanes::log(load(x + i)));
}

void exps(const double* x, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kGroup) store(out + i, lanes::exp(load(x + i)));
}

void masses(const double* a, const double* b, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kGroup) {
    store(out + i, lanes::log_interval_mass(load(a + i), load(b + i)));
  }
}

constexpr LaneKernels kKernels{accumulate, add_cells, add_table, largest, sum_of_exp, logs, exps, masses};

}  // namespace
}  // namespace tune::math
