#pragma once

#include <cstddef>
#include <memory>

namespace tune::math {

/// Uninitialised room for numbers that a computation needs again and again. The thread that gives a block back,
/// which need not be the one that took it, keeps it for its next ones: blocks that large would otherwise be
/// mapped, cleared page by page and unmapped each time. Not for objects that outlive their thread.
class Scratch {
 public:
  explicit Scratch(std::size_t n_doubles);
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) noexcept = default;
  ~Scratch();

  [[nodiscard]] double* data() const { return block_.get(); }

 private:
  std::size_t size_ = 0;
  std::unique_ptr<double[]> block_;
};

}  // namespace tune::math
