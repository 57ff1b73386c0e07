#pragma once

#include <cstddef>
#include <vector>

/// Dense factors in plain loops of a fixed order: the bits depend on the input alone.
namespace tune::math {

/// A lower triangle, column by column; the columns are padded to a multiple of eight.
class LowerMatrix {
 public:
  explicit LowerMatrix(std::size_t size);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t stride() const { return stride_; }
  /// Entry [i] is the element of row i; rows above the diagonal mean nothing.
  [[nodiscard]] double* column(std::size_t j) { return data_.data() + j * stride_; }
  [[nodiscard]] const double* column(std::size_t j) const { return data_.data() + j * stride_; }

 private:
  std::size_t size_;
  std::size_t stride_;
  std::vector<double> data_;
};

/// n rounded up to a multiple of eight.
[[nodiscard]] std::size_t padded_to_eight(std::size_t n);
/// y += a x.
void add_multiple(double a, const double* x, double* y, std::size_t n);
/// Σ x[i] y[i], in eight sums side by side.
[[nodiscard]] double dot(const double* x, const double* y, std::size_t n);

void add_to_diagonal(LowerMatrix& a, double value);
/// Cholesky's factor L of a symmetric matrix in place; false when the matrix is not positive definite. O(n³).
[[nodiscard]] bool factorise(LowerMatrix& a);
/// x := L⁻¹ x and x := L⁻ᵀ x for the leading n rows and columns. O(n²).
void solve_lower(const LowerMatrix& factor, double* x, std::size_t n);
void solve_upper(const LowerMatrix& factor, double* x, std::size_t n);
/// (L Lᵀ)⁻¹. O(n³).
[[nodiscard]] LowerMatrix inverse_of(const LowerMatrix& factor);

}  // namespace tune::math
