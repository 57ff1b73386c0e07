#pragma once

#include <cstdint>

namespace fmnist_tune {

/// How a query prints its answer.
enum class Format : std::uint8_t { kTable, kJson, kCsv };

}  // namespace fmnist_tune
