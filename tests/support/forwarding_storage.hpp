#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tune/storages/storage.hpp"

namespace tune::testing {

/// Passes every call on, to a storage and in a way that the deriving class chooses.
class ForwardingStorage : public Storage {
 public:
  StudyId create_study(const NewStudy& study) override {
    return call("create_study", [&](Storage& s) { return s.create_study(study); });
  }
  std::optional<StudyRecord> find_study(std::string_view name) override {
    return call("find_study", [&](Storage& s) { return s.find_study(name); });
  }
  std::vector<StudyRecord> studies() override {
    return call("studies", [&](Storage& s) { return s.studies(); });
  }
  void set_study_attributes(StudyId study, AttributeKind kind, const Attributes& attributes) override {
    call("set_study_attributes", [&](Storage& s) { s.set_study_attributes(study, kind, attributes); });
  }
  void delete_study(StudyId study, std::string_view name) override {
    call("delete_study", [&](Storage& s) { s.delete_study(study, name); });
  }
  std::vector<TrialNumber> enqueue(StudyId study, std::span<const NewTrial> trials) override {
    return call("enqueue", [&](Storage& s) { return s.enqueue(study, trials); });
  }
  TrialNumber add_trial(StudyId study, const FrozenTrial& trial) override {
    return call("add_trial", [&](Storage& s) { return s.add_trial(study, trial); });
  }
  Reservation reserve(StudyId study, const Owner& owner, std::optional<std::int64_t> max_trials,
                      std::optional<std::int64_t> max_size) override {
    return call("reserve", [&](Storage& s) { return s.reserve(study, owner, max_trials, max_size); });
  }
  void start(const Claim& claim, std::span<const Param> params, const Attributes& system_attrs,
             bool durable) override {
    call("start", [&](Storage& s) { s.start(claim, params, system_attrs, durable); });
  }
  void report(const Claim& claim, IntermediateValue report, const Attributes& system_attrs) override {
    call("report", [&](Storage& s) { s.report(claim, report, system_attrs); });
  }
  void set_trial_attributes(const Claim& claim, AttributeKind kind, const Attributes& attributes) override {
    call("set_trial_attributes", [&](Storage& s) { s.set_trial_attributes(claim, kind, attributes); });
  }
  Timestamp tell(const Claim& claim, const Outcome& outcome) override {
    return call("tell", [&](Storage& s) { return s.tell(claim, outcome); });
  }
  void requeue(const Claim& claim, std::optional<std::int64_t> keep_through_step) override {
    call("requeue", [&](Storage& s) { s.requeue(claim, keep_through_step); });
  }
  std::vector<TrialNumber> heartbeat(std::span<const Claim> claims) override {
    return call("heartbeat", [&](Storage& s) { return s.heartbeat(claims); });
  }
  TakenOver requeue_dead(StudyId study, const Takeover& takeover) override {
    return call("requeue_dead", [&](Storage& s) { return s.requeue_dead(study, takeover); });
  }
  Changes changes_since(StudyId study, const Cursor& cursor, std::span<const TrialNumber> except) override {
    return call("changes_since", [&](Storage& s) { return s.changes_since(study, cursor, except); });
  }

 protected:
  using Call = std::function<void(Storage&)>;
  /// Makes the call once, on any storage. May throw before and after.
  virtual void make(std::string_view name, const Call& call) = 0;

 private:
  template <typename Body>
  std::invoke_result_t<Body&, Storage&> call(std::string_view name, Body&& body) {
    using Result = std::invoke_result_t<Body&, Storage&>;
    if constexpr (std::is_void_v<Result>) {
      make(name, body);
    } else {
      std::optional<Result> result;
      make(name, [&](Storage& storage) { result.emplace(body(storage)); });
      return std::move(result).value();
    }
  }
};

}  // namespace tune::testing
