#pragma once

#include <string>

#include "cli/output/table.hpp"

namespace fmnist_tune {

/// CSV (RFC 4180) with a heading and \n as line end: fields with commas, quotes or line breaks are quoted,
/// numbers have as many digits as it takes to read the same number back, an empty field is nothing.
[[nodiscard]] std::string to_csv(const Table& table);

}  // namespace fmnist_tune
