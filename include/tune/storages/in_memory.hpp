#pragma once

#include <memory>

#include "tune/storages/storage.hpp"

namespace tune {

/// Keeps everything in this process; lost when it is destroyed. Safe from any thread. The model that the
/// other storages are tested against.
[[nodiscard]] std::shared_ptr<Storage> make_in_memory_storage();

}  // namespace tune
