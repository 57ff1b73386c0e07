#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/storages.hpp"
#include "tune/storages/storage.hpp"

namespace tune::testing {

/// Everything that a storage holds, as text to compare: studies, attributes, trials. Times only where asked
/// for: no two runs share them.
inline std::string contents(Storage& storage, bool with_times = false) {
  const auto shown = [&](const std::optional<Timestamp>& time) {
    return with_times && time ? " " + to_string(*time) : std::string();
  };
  std::string text;
  for (const StudyRecord& study : storage.studies()) {
    text += describe(study);
    for (const FrozenTrial& trial : all_trials(storage, study.id)) {
      text += describe(trial) + shown(trial.datetime_start) + shown(trial.datetime_complete) + "\n";
    }
  }
  return text;
}

/// A study told call by call, so that a test can look, cut or fail between and inside the calls. Every kind of
/// write a storage knows is in it.
class ScriptedStudy {
 public:
  struct Step {
    std::string name;
    bool durable;  ///< Whether the call promises to survive power loss once it returned.
    std::function<void(Storage&)> call;
  };

  ScriptedStudy() {
    create();
    for (int i = 0; i < 2; ++i) {
      run_trial(TrialState::kComplete);
    }
    ask_of_an_outsider();
    add("add_trial", true, [this](Storage& s) { s.add_trial(study_, finished()); });
    run_trial(TrialState::kPruned);
    requeue();
    lose_owner(std::numeric_limits<std::int64_t>::max());
    lose_owner(1);
    add("enqueue", true, [this](Storage& s) {
      (void)s.enqueue(study_, std::vector<NewTrial>{{R"({"x": 0.25})", {{"who", "1"}}, {}}, {}});
    });
    run_trial(TrialState::kFail);
    add("set_study_attributes", true, [this](Storage& s) {
      s.set_study_attributes(study_, AttributeKind::kUser, {{"late", "true"}});
    });
    add("create_study with trials", true, [](Storage& s) {
      NewStudy second{"second", {Direction::kMaximize}, {}, {}};
      second.trials = {finished(), finished()};
      second.queue = {{R"({"x": 0.5})", {}, {}}, {}};
      (void)s.create_study(second);
    });
    add("delete_study", false, [](Storage& s) { s.delete_study(s.find_study("second").value().id); });
    run_trial(TrialState::kComplete);
  }
  ScriptedStudy(const ScriptedStudy&) = delete;
  ScriptedStudy& operator=(const ScriptedStudy&) = delete;

  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }

 private:
  void add(std::string name, bool durable, std::function<void(Storage&)> call) {
    steps_.push_back({std::move(name), durable, std::move(call)});
  }

  void create() {
    add("create_study", true, [this](Storage& s) {
      study_ = s.create_study({"first", {Direction::kMinimize}, {{"user", "1"}}, {{"system", "2"}}, {{}, {}}});
    });
  }

  void reserve() {
    add("reserve", false, [this](Storage& s) { claim_ = take(s, study_).claim; });
  }

  void start(bool durable) {
    add(durable ? "durable start" : "start", durable, [this, durable](Storage& s) {
      s.start(claim_, std::vector{Param{"x", 0.5, FloatDistribution{0.0, 1.0}}}, {{"sampler", "\"random\""}},
              durable);
    });
  }

  void run_trial(TrialState state) {
    reserve();
    start(false);
    for (std::int64_t step = 0; step < 2; ++step) {
      add("report", false, [this, step](Storage& s) {
        s.report(claim_, {step, 1.5}, {{"completed_rung_0", "1.5"}});
      });
    }
    add("set_trial_attributes", false, [this](Storage& s) {
      s.set_trial_attributes(claim_, AttributeKind::kUser, {{"note", "\"" + std::string(6000, 'n') + "\""}});
    });
    add("tell", true, [this, state](Storage& s) {
      const std::vector<double> values =
          state == TrialState::kComplete ? std::vector{0.125} : std::vector<double>{};
      (void)s.tell(claim_, {state, values, {{"told", "1"}}, {}});
    });
  }

  void ask_of_an_outsider() {
    reserve();
    start(true);
  }

  void requeue() {
    reserve();
    start(false);
    add("report", false, [this](Storage& s) { s.report(claim_, {0, 1.0}, {}); });
    add("requeue", false, [this](Storage& s) { s.requeue(claim_); });
  }

  /// The trial is taken from an owner that has died: put back, or ended when it has had so many.
  void lose_owner(std::int64_t max_deaths) {
    add("reserve", false, [this](Storage& s) { claim_ = take(s, study_, owner_named("dead")).claim; });
    start(false);
    add("report", false, [this](Storage& s) { s.report(claim_, {0, 1.0}, {}); });
    add("heartbeat", false, [this](Storage& s) {
      if (!s.heartbeat(std::vector{claim_}).empty()) {
        throw std::logic_error("a claim that holds is lost");
      }
    });
    add("requeue_dead", true, [this, max_deaths](Storage& s) {
      Takeover takeover = takeover_from("dead");
      takeover.max_deaths = max_deaths;
      const TakenOver taken = s.requeue_dead(study_, takeover);
      if (taken.requeued.size() + taken.failed.size() != 1) {
        throw std::logic_error("the trial of a dead owner stays with it");
      }
    });
  }

  static FrozenTrial finished() {
    FrozenTrial trial;
    trial.state = TrialState::kComplete;
    trial.values = {0.75};
    trial.params = {{"x", 0.75, FloatDistribution{0.0, 1.0}}};
    trial.intermediate = {{0, 1.0}, {3, 0.75}};
    return trial;
  }

  std::vector<Step> steps_;
  StudyId study_;
  Claim claim_;
};

}  // namespace tune::testing
