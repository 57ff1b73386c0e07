#pragma once

#include <cstddef>
#include <cstdint>

/// The loops in which a suggestion spends its time, eight kernels at a time. They exist once for each set of
/// instructions and give the same bits with all of them.
namespace tune::math {

/// How many kernels lie side by side, and how many points are held against them in one pass.
inline constexpr std::size_t kGroup = 8;
inline constexpr std::size_t kTile = 4;

/// Product kernels in groups of eight. A group is a run of `stride` numbers, eight a row: the logarithm of all
/// that does not depend on the point; for each continuous parameter a row of means and a row of 1/(σ√2); for
/// each categorical one a row of observed choices.
struct KernelGroups {
  const double* rows = nullptr;
  std::size_t n_groups = 0;
  std::size_t stride = 0;
  std::size_t n_continuous = 0;
  std::size_t n_categorical = 0;
  const double* penalties = nullptr;  ///< Per categorical parameter: what another choice costs.
};

/// The groups in which some kernel reaches `threshold` at one point.
struct Survivors {
  std::uint32_t* groups = nullptr;  ///< Room for all groups.
  double* sums = nullptr;           ///< Eight a surviving group.
  std::size_t count = 0;
  double threshold = 0.0;
};

/// One grid parameter: the class of each kernel, mean and 1/σ of each class.
struct GridClasses {
  const std::uint32_t* class_of = nullptr;
  const double* mu = nullptr;
  const double* scale = nullptr;
};

struct LaneKernels {
  /// Sums the logarithms of each kernel's factors at `kTile` points (each n_continuous + n_categorical numbers)
  /// and appends the groups that reach the threshold. With `margin`, the threshold rises to the largest sum
  /// seen less the margin.
  void (*accumulate)(const KernelGroups& kernels, const double* points, const double* margin, Survivors* out);
  /// Adds the log mass of the cell [left, right] to each surviving sum.
  void (*add_cells)(const GridClasses& grid, double left, double right, Survivors& sums);
  /// Adds table[class of the kernel] to each surviving sum; `classes` has eight a group.
  void (*add_table)(const std::uint32_t* classes, const double* table, Survivors& sums);
  /// The largest sum; −∞ when there is none.
  double (*largest)(const Survivors& sums);
  /// Σ exp(sum − largest).
  double (*sum_of_exp)(const Survivors& sums, double largest);
  /// out[i] = log x[i]; n is a multiple of eight, here and below.
  void (*logs)(const double* x, double* out, std::size_t n);
  void (*exps)(const double* x, double* out, std::size_t n);
  /// out[i] = log Φ(x[i]) for x[i] ≥ 0.
  void (*log_most)(const double* x, double* out, std::size_t n);
  /// x[i] = the x[i]-quantile of the standard normal truncated to [a[i], b[i]]; NaN where it needs more care
  /// than is worth taking here.
  void (*quantiles)(const double* a, const double* b, double* x, std::size_t n);
  /// out[i] = log(Φ(b[i]) − Φ(a[i])).
  void (*masses)(const double* a, const double* b, double* out, std::size_t n);
};

/// For every processor.
[[nodiscard]] const LaneKernels& baseline_kernels();
/// For AVX2; null where this build or this processor lacks it.
[[nodiscard]] const LaneKernels* avx2_kernels();
/// The fastest of them here.
[[nodiscard]] const LaneKernels& lane_kernels();

}  // namespace tune::math
