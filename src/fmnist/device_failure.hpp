#pragma once

#include <cstdint>
#include <string_view>

namespace fmnist {

enum class Failure : std::uint8_t {
  kTrial,   ///< Of this trial alone.
  kMemory,  ///< The device has not enough memory for it: of this trial alone, too.
  kDevice,  ///< The device is broken, or lost: of all that run there.
};

/// What an error of LibTorch's is, which says so in words only.
[[nodiscard]] Failure failure_of(std::string_view message);

}  // namespace fmnist
