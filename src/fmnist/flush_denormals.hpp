#pragma once

namespace fmnist {

/// While it lives, floating point results of this thread that are closer to zero than a normal number (1.2e-38
/// for floats) become zero, and such operands count as zero. Weights that nothing but a penalty moves shrink to
/// there, and processors take up to a hundred times longer for each operation on them. On other processors than
/// x86 nothing changes.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned before_ = 0;
};

}  // namespace fmnist
