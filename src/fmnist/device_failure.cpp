#include "fmnist/device_failure.hpp"

#include <algorithm>
#include <array>

namespace fmnist {

Failure failure_of(std::string_view message) {
  const auto is_there = [&](std::string_view part) { return message.find(part) != std::string_view::npos; };
  // The libraries' own words where a product or convolution finds no room for what it works with.
  constexpr std::array<std::string_view, 4> kMemory{"out of memory", "CUBLAS_STATUS_ALLOC_FAILED",
                                                    "CUDNN_STATUS_ALLOC_FAILED",
                                                    "CUSOLVER_STATUS_ALLOC_FAILED"};
  if (std::any_of(kMemory.begin(), kMemory.end(), is_there)) return Failure::kMemory;
  return is_there("CUDA error") ? Failure::kDevice : Failure::kTrial;
}

}  // namespace fmnist
