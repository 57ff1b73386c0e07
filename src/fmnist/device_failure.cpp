#include "fmnist/device_failure.hpp"

#include <algorithm>
#include <array>

namespace fmnist {

Failure failure_of(std::string_view message) {
  const auto is_there = [&](std::string_view part) { return message.find(part) != std::string_view::npos; };
  // The libraries' own words where a product or convolution finds no room for what it works with.
  // A full device has no room for a library's handle either, which that calls "not initialized".
  constexpr std::array<std::string_view, 7> kMemory{"out of memory",
                                                    "can't allocate memory",
                                                    "CUBLAS_STATUS_ALLOC_FAILED",
                                                    "CUBLAS_STATUS_NOT_INITIALIZED",
                                                    "CUDNN_STATUS_ALLOC_FAILED",
                                                    "DEVICE_ALLOCATION_FAILED",
                                                    "CUSOLVER_STATUS_ALLOC_FAILED"};
  if (std::any_of(kMemory.begin(), kMemory.end(), is_there)) return Failure::kMemory;
  return is_there("CUDA error") ? Failure::kDevice : Failure::kTrial;
}

}  // namespace fmnist
