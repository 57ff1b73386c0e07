#include "tune/math/cholesky.hpp"

#include <algorithm>
#include <cmath>

#include "tune/math/lane_kernels.hpp"

namespace tune::math {

std::size_t padded_to_eight(std::size_t n) {
  return (n + kGroup - 1) / kGroup * kGroup;
}

LowerMatrix::LowerMatrix(std::size_t size)
    : size_(size), stride_(padded_to_eight(size)), data_(stride_ * stride_) {}

void add_multiple(double a, const double* x, double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    y[i] += a * x[i];
  }
}

double dot(const double* x, const double* y, std::size_t n) {
  double sums[kGroup] = {};
  std::size_t i = 0;
  for (; i + kGroup <= n; i += kGroup) {
    for (std::size_t k = 0; k < kGroup; ++k) {
      sums[k] += x[i + k] * y[i + k];
    }
  }
  for (std::size_t k = 0; i < n; ++i, ++k) {
    sums[k] += x[i] * y[i];
  }
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

void add_to_diagonal(LowerMatrix& a, double value) {
  for (std::size_t j = 0; j < a.size(); ++j) {
    a.column(j)[j] += value;
  }
}

bool factorise(LowerMatrix& a) {
  const std::size_t n = a.size();
  for (std::size_t j = 0; j < n; ++j) {
    double* column = a.column(j);
    for (std::size_t k = 0; k < j; ++k) {
      const double* earlier = a.column(k);
      add_multiple(-earlier[j], earlier + j, column + j, n - j);
    }
    if (!(column[j] > 0.0)) {
      return false;
    }
    const double pivot = std::sqrt(column[j]);
    for (std::size_t i = j; i < n; ++i) {
      column[i] /= pivot;
    }
  }
  return true;
}

void solve_lower(const LowerMatrix& factor, double* x, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    const double* column = factor.column(j);
    x[j] /= column[j];
    add_multiple(-x[j], column + j + 1, x + j + 1, n - j - 1);
  }
}

void solve_upper(const LowerMatrix& factor, double* x, std::size_t n) {
  for (std::size_t j = n; j-- > 0;) {
    const double* column = factor.column(j);
    x[j] = (x[j] - dot(column + j + 1, x + j + 1, n - j - 1)) / column[j];
  }
}

LowerMatrix inverse_of(const LowerMatrix& factor) {
  const std::size_t n = factor.size();
  LowerMatrix lower(n);  // L⁻¹.
  for (std::size_t j = 0; j < n; ++j) {
    double* column = lower.column(j);
    column[j] = 1.0;
    for (std::size_t k = j; k < n; ++k) {
      const double* of = factor.column(k);
      column[k] /= of[k];
      add_multiple(-column[k], of + k + 1, column + k + 1, n - k - 1);
    }
  }
  LowerMatrix inverse(n);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      inverse.column(j)[i] = dot(lower.column(i) + i, lower.column(j) + i, n - i);
    }
  }
  return inverse;
}

}  // namespace tune::math
