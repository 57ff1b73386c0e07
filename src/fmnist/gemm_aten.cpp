#include <ATen/ATen.h>

#include "fmnist/engine.hpp"

namespace fmnist {
namespace {

at::Tensor matrix(const float* data, std::size_t rows, std::size_t cols, std::size_t ld, bool transposed) {
  const auto n_rows = static_cast<std::int64_t>(transposed ? cols : rows);
  const auto n_cols = static_cast<std::int64_t>(transposed ? rows : cols);
  // from_blob wants a mutable pointer; operands are only read.
  const at::Tensor stored = at::from_blob(const_cast<float*>(data), {n_rows, n_cols},
                                          {static_cast<std::int64_t>(ld), 1}, at::TensorOptions(at::kFloat));
  return transposed ? stored.t() : stored;
}

void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, const float* a,
              std::size_t lda, const float* b, std::size_t ldb, float beta, float* c, std::size_t ldc) {
  const c10::InferenceMode no_autograd;
  at::Tensor result = matrix(c, m, n, ldc, false);
  const at::Tensor left = matrix(a, m, k, lda, transpose_a);
  const at::Tensor right = matrix(b, k, n, ldb, transpose_b);
  if (beta == 0.0F) {
    at::mm_out(result, left, right);
  } else {
    result.addmm_(left, right, beta, 1.0F);
  }
}

}  // namespace

Gemm aten_gemm() {
  return multiply;
}

}  // namespace fmnist
