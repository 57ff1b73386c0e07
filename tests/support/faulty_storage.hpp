#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "support/forwarding_storage.hpp"
#include "tune/storages/storage.hpp"

namespace tune::testing {

enum class StorageFault : std::uint8_t {
  kNone,
  kRefused,     ///< StorageError; nothing has happened.
  kBusy,        ///< StorageBusy; nothing has happened.
  kLostAnswer,  ///< The call is made, and then StorageError is thrown all the same.
};

/// A storage whose calls fail where a test wants it. Calls are counted from 1.
class FaultyStorage final : public ForwardingStorage {
 public:
  using Plan = std::function<StorageFault(std::int64_t call, std::string_view name)>;

  explicit FaultyStorage(std::shared_ptr<Storage> real, Plan plan = {})
      : real_(std::move(real)), plan_(std::move(plan)) {}

  /// Not while other threads make calls.
  void set_plan(Plan plan) { plan_ = std::move(plan); }
  [[nodiscard]] std::int64_t n_calls() const { return n_calls_; }

 private:
  void make(std::string_view name, const Call& call) override {
    const std::int64_t number = ++n_calls_;
    const StorageFault fault = plan_ ? plan_(number, name) : StorageFault::kNone;
    if (fault == StorageFault::kRefused) {
      throw StorageError("refused: " + std::string(name));
    }
    if (fault == StorageFault::kBusy) {
      throw StorageBusy("busy: " + std::string(name));
    }
    call(*real_);
    if (fault == StorageFault::kLostAnswer) {
      throw StorageError("lost the answer: " + std::string(name));
    }
  }

  std::shared_ptr<Storage> real_;
  Plan plan_;
  std::atomic<std::int64_t> n_calls_ = 0;
};

}  // namespace tune::testing
