#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tune/storages/storage.hpp"

namespace tune::testing {

enum class StorageFault : std::uint8_t {
  kNone,
  kRefused,     ///< StorageError; nothing has happened.
  kBusy,        ///< StorageBusy; nothing has happened.
  kLostAnswer,  ///< The call is made, and then StorageError is thrown all the same.
};

/// A storage whose calls fail where a test wants it. Calls are counted from 1.
class FaultyStorage final : public Storage {
 public:
  using Plan = std::function<StorageFault(std::int64_t call, std::string_view name)>;

  explicit FaultyStorage(std::shared_ptr<Storage> real, Plan plan = {})
      : real_(std::move(real)), plan_(std::move(plan)) {}

  /// Not while other threads make calls.
  void set_plan(Plan plan) { plan_ = std::move(plan); }
  [[nodiscard]] std::int64_t n_calls() const { return n_calls_; }

  StudyId create_study(const NewStudy& study) override {
    return call("create_study", [&] { return real_->create_study(study); });
  }
  std::optional<StudyRecord> find_study(std::string_view name) override {
    return call("find_study", [&] { return real_->find_study(name); });
  }
  std::vector<StudyRecord> studies() override {
    return call("studies", [&] { return real_->studies(); });
  }
  void set_study_attributes(StudyId study, AttributeKind kind, const Attributes& attributes) override {
    call("set_study_attributes", [&] { real_->set_study_attributes(study, kind, attributes); });
  }
  void delete_study(StudyId study, std::string_view name) override {
    call("delete_study", [&] { real_->delete_study(study, name); });
  }
  std::vector<TrialNumber> enqueue(StudyId study, std::span<const NewTrial> trials) override {
    return call("enqueue", [&] { return real_->enqueue(study, trials); });
  }
  TrialNumber add_trial(StudyId study, const FrozenTrial& trial) override {
    return call("add_trial", [&] { return real_->add_trial(study, trial); });
  }
  Reservation reserve(StudyId study, const Owner& owner, std::optional<std::int64_t> max_trials,
                      std::optional<std::int64_t> max_size) override {
    return call("reserve", [&] { return real_->reserve(study, owner, max_trials, max_size); });
  }
  void start(const Claim& claim, std::span<const Param> params, const Attributes& system_attrs,
             bool durable) override {
    call("start", [&] { real_->start(claim, params, system_attrs, durable); });
  }
  void report(const Claim& claim, IntermediateValue report, const Attributes& system_attrs) override {
    call("report", [&] { real_->report(claim, report, system_attrs); });
  }
  void set_trial_attributes(const Claim& claim, AttributeKind kind, const Attributes& attributes) override {
    call("set_trial_attributes", [&] { real_->set_trial_attributes(claim, kind, attributes); });
  }
  Timestamp tell(const Claim& claim, const Outcome& outcome) override {
    return call("tell", [&] { return real_->tell(claim, outcome); });
  }
  void requeue(const Claim& claim, std::optional<std::int64_t> keep_through_step) override {
    call("requeue", [&] { real_->requeue(claim, keep_through_step); });
  }
  std::vector<TrialNumber> heartbeat(std::span<const Claim> claims) override {
    return call("heartbeat", [&] { return real_->heartbeat(claims); });
  }
  TakenOver requeue_dead(StudyId study, const Takeover& takeover) override {
    return call("requeue_dead", [&] { return real_->requeue_dead(study, takeover); });
  }
  Changes changes_since(StudyId study, const Cursor& cursor, std::span<const TrialNumber> except) override {
    return call("changes_since", [&] { return real_->changes_since(study, cursor, except); });
  }

 private:
  template <typename Body>
  std::invoke_result_t<Body&> call(const char* name, Body&& body) {
    const std::int64_t number = ++n_calls_;
    const StorageFault fault = plan_ ? plan_(number, name) : StorageFault::kNone;
    if (fault == StorageFault::kRefused) {
      throw StorageError(std::string("refused: ") + name);
    }
    if (fault == StorageFault::kBusy) {
      throw StorageBusy(std::string("busy: ") + name);
    }
    if (fault == StorageFault::kLostAnswer) {
      (void)body();
      throw StorageError(std::string("lost the answer: ") + name);
    }
    return body();
  }

  std::shared_ptr<Storage> real_;
  Plan plan_;
  std::atomic<std::int64_t> n_calls_ = 0;
};

}  // namespace tune::testing
