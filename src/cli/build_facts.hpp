#pragma once

#include <string>

namespace fmnist_tune {

/// The program's version, and in further lines what it was built with: compiler, Boost, SQLite, LibTorch.
/// Nothing is loaded for that.
[[nodiscard]] std::string version_text();

}  // namespace fmnist_tune
