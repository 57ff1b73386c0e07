#include "fmnist/precision.hpp"

namespace fmnist {

const Names<Precision>& precision_names() {
  static const Names<Precision> kNames{{"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}};
  return kNames;
}

}  // namespace fmnist
