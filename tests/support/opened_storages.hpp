#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "support/forwarding_storage.hpp"
#include "tune/storages/cursors.hpp"
#include "tune/storages/storage.hpp"

/// One file through several openings, which must be seen by nobody.
namespace tune::testing {

/// Two open handles on one storage, used in turn. A cursor goes back to the handle that gave it.
class AlternatingStorage final : public ForwardingStorage {
 public:
  AlternatingStorage(std::shared_ptr<Storage> first, std::shared_ptr<Storage> second)
      : handles_{std::move(first), std::move(second)} {}

  Changes changes_since(StudyId study, const Cursor& cursor, std::span<const TrialNumber> except) override {
    const auto read_at = storages::read_at(cursor);
    const std::size_t handle = read_at ? static_cast<std::size_t>(*read_at) % 2 : next();
    Cursor own = cursor;
    if (read_at) {
      own.version = *read_at / 2;
    }
    if (read_at && cursor.version < 0) {
      own = storages::read_again(own);
    }
    Changes changes = handles_[handle]->changes_since(study, own, except);
    changes.cursor.version = changes.cursor.version * 2 + static_cast<std::int64_t>(handle);
    return changes;
  }

 private:
  void make(std::string_view, const Call& call) override { call(*handles_[next()]); }
  std::size_t next() { return n_calls_++ % 2; }

  std::array<std::shared_ptr<Storage>, 2> handles_;
  std::atomic<std::size_t> n_calls_ = 0;
};

/// Is closed and opened anew before every so many-th call, as when one process ends and another goes on. A
/// cursor of an earlier opening reads from the beginning.
class ReopenedStorage final : public ForwardingStorage {
 public:
  ReopenedStorage(std::function<std::shared_ptr<Storage>()> open, std::int64_t calls_an_opening)
      : open_(std::move(open)), calls_an_opening_(calls_an_opening), storage_(open_()) {}

  Changes changes_since(StudyId study, const Cursor& cursor, std::span<const TrialNumber> except) override {
    const std::scoped_lock lock(mutex_);
    Storage& storage = opened();
    Cursor own = cursor;
    own.version -= first_version_;
    Changes changes = storage.changes_since(study, own.version < 0 ? Cursor{} : own, except);
    changes.cursor.version += first_version_;
    last_version_ = std::max(last_version_, changes.cursor.version);
    return changes;
  }

 private:
  void make(std::string_view, const Call& call) override {
    const std::scoped_lock lock(mutex_);
    call(opened());
  }

  Storage& opened() {
    if (++n_calls_ % calls_an_opening_ == 0) {
      storage_.reset();
      storage_ = open_();
      first_version_ = last_version_ + 1;
    }
    return *storage_;
  }

  std::function<std::shared_ptr<Storage>()> open_;
  std::int64_t calls_an_opening_;
  std::mutex mutex_;
  std::shared_ptr<Storage> storage_;
  std::int64_t n_calls_ = 0;
  std::int64_t first_version_ = 0;  ///< The versions of this opening count from here.
  std::int64_t last_version_ = 0;   ///< The highest given out.
};

}  // namespace tune::testing
