#pragma once

#include <cstdint>
#include <optional>

#include "tune/storages/storage.hpp"

namespace tune::storages {

/// A cursor that reads everything again, of the study that the given one has read and of no other one that got
/// its id since. What cursors hold besides versions says nothing then, so a negative number keeps the version.
[[nodiscard]] inline Cursor read_again(const Cursor& cursor) {
  constexpr std::int64_t kNone = -1;
  return {cursor.version <= kNone ? cursor.version : kNone - 1 - cursor.version, 0, {}};
}

/// The version at which the cursor has read its study; nothing for one that has read none.
[[nodiscard]] inline std::optional<std::int64_t> read_at(const Cursor& cursor) {
  if (cursor.version == -1) return std::nullopt;
  return cursor.version >= 0 ? cursor.version : -2 - cursor.version;
}

}  // namespace tune::storages
