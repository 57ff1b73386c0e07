#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tune/distribution.hpp"
#include "tune/math/lane_kernels.hpp"
#include "tune/math/scratch.hpp"
#include "tune/samplers/parzen_kernels.hpp"

namespace tune::samplers {

/// A mixture of product kernels laid out for evaluation: what does not depend on the point is computed once,
/// and eight kernels lie side by side.
///
/// Sums only fall from parameter to parameter, so kernels that can no longer reach e^-50 of the density that is
/// certain (the prior kernel's) are dropped on the way; all of them together are below the last bit.
class MixtureDensity {
 public:
  /// Internal values, a column a parameter.
  using Columns = std::vector<std::vector<double>>;

  /// `weights` has an entry a kernel, the prior last, and sums to 1. `kernels_of` is asked for the kernels of
  /// each parameter in turn; what it returns need only hold until it is asked again.
  MixtureDensity(std::span<const Distribution* const> space, const std::vector<double>& weights,
                 const std::function<const Kernels&(std::size_t parameter)>& kernels_of);

  /// log p at each point.
  [[nodiscard]] std::vector<double> log_density(const Columns& points) const;

 private:
  /// A parameter whose kernels are densities.
  struct Continuous {
    std::size_t parameter = 0;
    bool is_log = false;
    double low = 0.0;
    double high = 0.0;
    double prior_mu = 0.0;
    double prior_sigma = 1.0;
  };
  struct Categorical {
    std::size_t parameter = 0;
    double log_prior = 0.0;
  };
  /// A parameter whose kernels carry mass over cells, by class of equal kernels: mean and 1/σ.
  struct Grid {
    std::size_t parameter = 0;
    bool is_log = false;
    double step = 1.0;
    double prior_mu = 0.0;
    double prior_sigma = 1.0;
    std::vector<std::uint32_t> class_of;
    std::vector<double> class_mu;
    std::vector<double> class_scale;
  };
  /// One value of a grid parameter, and the terms of each class there once they are worth computing together.
  struct Cell {
    double left = 0.0;
    double right = 0.0;
    std::vector<double> table;
  };
  /// The cells of some points by grid parameter, each distinct one once.
  struct Cells {
    std::size_t begin = 0;
    std::size_t n_points = 0;
    std::vector<std::vector<Cell>> distinct;
    std::vector<std::size_t> where;

    [[nodiscard]] Cell& at(std::size_t grid, std::size_t point) {
      return distinct[grid][where[grid * n_points + point - begin]];
    }
  };
  struct Sums;

  void place(const NumericKernels& kernels, std::size_t parameter);
  void place(const CategoricalKernels& kernels, std::size_t parameter);
  void place_continuous(const NumericKernels& kernels, std::size_t parameter);
  void place_grid(const NumericKernels& kernels, std::size_t parameter);
  void fill_constants();
  /// Row `row` of every group; numbers of kernels, or one number for all.
  void fill_row(std::size_t row, const double* values);
  void fill_row(std::size_t row, double value);
  [[nodiscard]] double& entry(std::size_t row, std::size_t kernel) {
    return rows_.data()[kernel / math::kGroup * stride_ + row * math::kGroup + kernel % math::kGroup];
  }
  [[nodiscard]] static Cell cell_at(const Grid& grid, double x);
  static void fill_table(const Grid& grid, Cell& cell);
  [[nodiscard]] Cells cells_at(const Columns& points, std::size_t begin, std::size_t end) const;
  /// The densities of the points begin … end − 1.
  void add_chunk(const Columns& points, std::size_t begin, std::size_t end, Sums& sums,
                 std::vector<double>& densities) const;
  [[nodiscard]] bool is_outside(const Columns& points, std::size_t point) const;
  /// What the rows are held against at a point.
  void read_point(const Columns& points, std::size_t point, double* to) const;
  /// The prior kernel's share at a point, whose row `read_point` made.
  [[nodiscard]] double prior_term(const double* rows, Cells& cells, std::size_t point) const;
  /// Adds the grids' terms and the kernels' shares up.
  [[nodiscard]] double sum_up(math::Survivors& survivors, double prior, Cells& cells, std::size_t point) const;

  std::size_t n_kernels_ = 0;  ///< Without the prior.
  std::size_t n_continuous_ = 0;
  std::size_t stride_ = 0;
  double prior_constant_ = 0.0;
  double common_constant_ = 0.0;  ///< Of all kernels but the prior.
  std::vector<Continuous> continuous_;
  std::vector<Categorical> categorical_;
  std::vector<Grid> grids_;
  std::vector<double> constants_;
  std::vector<double> penalties_;
  math::Scratch rows_;
};

}  // namespace tune::samplers
