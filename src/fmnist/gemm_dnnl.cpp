#include <fmt/format.h>

#include "fmnist/engine.hpp"

#ifdef FMNIST_HAVE_DNNL
#include <dnnl.h>

#include "tune/error.hpp"

namespace fmnist {
namespace {

void multiply(bool transpose_a, bool transpose_b, std::size_t m, std::size_t n, std::size_t k, const float* a,
              std::size_t lda, const float* b, std::size_t ldb, float beta, float* c, std::size_t ldc) {
  const auto size = [](std::size_t value) { return static_cast<dnnl_dim_t>(value); };
  const dnnl_status_t status = dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', size(m), size(n),
                                          size(k), 1.0F, a, size(lda), b, size(ldb), beta, c, size(ldc));
  if (status != dnnl_success) throw tune::Error(fmt::format("dnnl_sgemm failed with status {}", int{status}));
}

}  // namespace

Gemm dnnl_gemm() {
  return multiply;
}

std::string dnnl_version_text() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

}  // namespace fmnist
#else
namespace fmnist {

Gemm dnnl_gemm() {
  return nullptr;
}

std::string dnnl_version_text() {
  return "none";
}

}  // namespace fmnist
#endif
