#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "support/faulty_storage.hpp"
#include "support/faulty_vfs.hpp"
#include "support/storages.hpp"
#include "support/temporary_folder.hpp"
#include "tune/executor.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/study.hpp"

/// Studies and runs over a storage that fails at the n-th call, for every n.
namespace tune::testing {
namespace {

constexpr std::int64_t kTrials = 6;
constexpr std::int64_t kSteps = 2;

/// One call fails.
FaultyStorage::Plan at_call(std::int64_t wanted, StorageFault fault) {
  return [=](std::int64_t call, std::string_view) { return call == wanted ? fault : StorageFault::kNone; };
}

/// From one call on nothing works.
FaultyStorage::Plan from_call(std::int64_t first, StorageFault fault) {
  return [=](std::int64_t call, std::string_view) { return call >= first ? fault : StorageFault::kNone; };
}

/// Without an answer to `reserve` nobody knows that this process has the trial: it stays RUNNING until the
/// process ends.
FaultyStorage::Plan with_answers_to_reserve(FaultyStorage::Plan plan) {
  return [plan = std::move(plan)](std::int64_t call, std::string_view name) {
    return name == "reserve" ? StorageFault::kNone : plan(call, name);
  };
}

StudyOptions options_of(std::shared_ptr<Storage> storage) {
  StudyOptions options;
  options.storage = std::move(storage);
  options.sampler = std::make_shared<RandomSampler>();
  options.load_if_exists = true;
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  return options;
}

/// What an uninterrupted trial stores: number, parameters, reports, value.
std::string outline(const FrozenTrial& trial) {
  std::string text =
      fmt::format("{} {} {}", trial.number.value, to_string(trial.state), trial.params.at(0).value);
  for (const IntermediateValue& report : trial.intermediate) {
    text += fmt::format(" @{} {}", report.step, report.value);
  }
  for (const double value : trial.values) {
    text += fmt::format(" = {}", value);
  }
  return text;
}

double report_of(double x, std::int64_t step) {
  return x + static_cast<double>(step);
}

/// The trials of a run in which nothing fails.
std::vector<std::string> wanted_outlines() {
  std::vector<std::string> wanted;
  Study study = create_study(options_of(make_in_memory_storage()));
  for (std::int64_t i = 0; i < kTrials; ++i) {
    Trial trial = study.ask();
    const double x = std::get<double>(trial.params().at("x"));
    for (std::int64_t step = 0; step < kSteps; ++step) {
      trial.report(report_of(x, step), step);
    }
    wanted.push_back(outline(study.tell(std::move(trial), x)));
  }
  return wanted;
}

using FaultOfAStorage = std::tuple<StorageKind, StorageFault>;

class FaultyStudy : public ::testing::TestWithParam<FaultOfAStorage> {
 protected:
  static constexpr std::int64_t kAnyCall = 200;

  static StorageFault fault() { return std::get<StorageFault>(GetParam()); }

  /// An empty storage that fails as planned.
  void begin_anew(FaultyStorage::Plan plan = {}) {
    storage_.reset();
    real_.reset();
    folder_.emplace();
    real_ = std::get<StorageKind>(GetParam()).open(folder_->path());
    storage_ = std::make_shared<FaultyStorage>(real_, std::move(plan));
  }

  /// Finished trials are as they would be without the fault, and the study in memory counts what is stored.
  void expect_sound(Study& study, const std::set<std::int64_t>& told) {
    static const std::vector<std::string> wanted = wanted_outlines();
    std::map<TrialState, std::size_t> counts;
    for (const FrozenTrial& trial : all_trials(*real_, study.id())) {
      ++counts[trial.state];
      if (trial.state == TrialState::kComplete) {
        EXPECT_EQ(outline(trial), wanted.at(static_cast<std::size_t>(trial.number.value)));
      }
      EXPECT_TRUE(!told.contains(trial.number.value) || is_finished(trial.state)) << trial.number.value;
    }
    study.refresh();
    for (const TrialState state : {TrialState::kRunning, TrialState::kWaiting, TrialState::kComplete,
                                   TrialState::kPruned, TrialState::kFail}) {
      EXPECT_EQ(study.count(state), counts[state]) << to_string(state);
    }
  }

  void expect_all_finished(Study& study) {
    expect_sound(study, {});
    EXPECT_EQ(study.count(TrialState::kComplete), static_cast<std::size_t>(kTrials));
    EXPECT_EQ(study.trials().size(), static_cast<std::size_t>(kTrials));
  }

  /// What a new process does with the trials of one that died.
  void take_from_the_dead(StudyId study) {
    (void)real_->requeue_dead(study, {[](const Holder&) { return true; }});
  }

  const FaultyVfs without_waiting_for_the_disk_;
  std::optional<TemporaryFolder> folder_;
  std::shared_ptr<Storage> real_;
  std::shared_ptr<FaultyStorage> storage_;
};

std::string name_of(StorageFault fault) {
  switch (fault) {
    case StorageFault::kNone:
      break;
    case StorageFault::kRefused:
      return "Refused";
    case StorageFault::kBusy:
      return "Busy";
    case StorageFault::kLostAnswer:
      return "LostAnswer";
  }
  return "None";
}

std::string test_name(const ::testing::TestParamInfo<FaultOfAStorage>& tested) {
  return std::get<StorageKind>(tested.param).name + name_of(std::get<StorageFault>(tested.param));
}

const auto kRefusals = ::testing::Values(StorageFault::kRefused, StorageFault::kBusy);
const auto kAllFaults =
    ::testing::Values(StorageFault::kRefused, StorageFault::kBusy, StorageFault::kLostAnswer);

INSTANTIATE_TEST_SUITE_P(Every, FaultyStudy,
                         ::testing::Combine(::testing::ValuesIn(storage_kinds()), kAllFaults), test_name);

/// Nothing happens behind the caller's back: the same call may be made again, by the same process.
class RefusedStudy : public FaultyStudy {};

INSTANTIATE_TEST_SUITE_P(Every, RefusedStudy,
                         ::testing::Combine(::testing::ValuesIn(storage_kinds()), kRefusals), test_name);

/// Makes a call again when the storage refused it.
template <typename Body>
auto persistently(Body&& body) {
  try {
    return body();
  } catch (const StorageError&) {
    return body();
  }
}

TEST_P(RefusedStudy, GoesOnAsIfNothingHadBeenWhenTheRefusedCallIsMadeAgain) {
  const std::vector<std::string> wanted = wanted_outlines();
  for (std::int64_t n = 1; n < kAnyCall; ++n) {
    SCOPED_TRACE(n);
    begin_anew(at_call(n, fault()));
    Study study = persistently([&] { return create_study(options_of(storage_)); });
    std::vector<std::string> found;
    for (std::int64_t i = 0; i < kTrials; ++i) {
      Trial trial = persistently([&] { return study.ask(); });
      const double x = std::get<double>(trial.params().at("x"));
      for (std::int64_t step = 0; step < kSteps; ++step) {
        persistently([&] { trial.report(report_of(x, step), step); });
      }
      found.push_back(outline(persistently([&] { return study.tell(std::move(trial), x); })));
    }
    EXPECT_EQ(found, wanted);
    storage_->set_plan({});
    expect_all_finished(study);
  }
}

/// Reports and ends; one that is run twice although it was finished is noticed.
class QuickObjective final : public Objective {
 public:
  TrialResult run(TrialContext& trial) override {
    const double x = std::get<double>(trial.params().at("x"));
    for (std::int64_t step = 0; step < kSteps; ++step) {
      trial.report(report_of(x, step), step);
    }
    return {TrialResult::End::kComplete, {x}, {}, {}, {}};
  }
};

class Ends final : public RunObserver {
 public:
  void on_start(TrialNumber number, const ParamValues&, const DeviceSlot&) override {
    EXPECT_FALSE(finished.contains(number.value)) << "finished trial " << number.value << " runs again";
  }
  void on_finish(const FrozenTrial& trial, const DeviceSlot&) override { finished.insert(trial.number.value); }

  std::set<std::int64_t> finished;
};

/// The end of the run, or nothing when the storage ended it.
std::optional<RunEnd> run(Study& study, Ends& ends) {
  QuickObjective objective;
  RunOptions options;
  options.slots = make_slots({"cpu"}, 3);
  options.n_trials = kTrials;
  options.parameters = {{.name = "x", .kind = OptionKind::kFloat, .default_value = 0.5}};
  options.timeout = std::chrono::seconds(60);
  const std::atomic<bool> never{false};
  try {
    return run_trials(study, objective, options, never, ends).end;
  } catch (const StorageError&) {
    return std::nullopt;
  }
}

TEST_P(FaultyStudy, LosesNoTrialOfARunAndAnotherProcessGoesOn) {
  for (const bool lasts : {false, true}) {
    for (std::int64_t n = 1; n < kAnyCall; n += 1 + n / 20) {
      SCOPED_TRACE(n);
      begin_anew();
      Study study = create_study(options_of(storage_));
      storage_->set_plan(lasts ? from_call(n, fault()) : at_call(n, fault()));
      Ends ends;
      (void)run(study, ends);
      storage_->set_plan({});
      expect_sound(study, ends.finished);
      take_from_the_dead(study.id());
      Study next = create_study(options_of(real_));
      EXPECT_EQ(run(next, ends), RunEnd::kDone);
      expect_all_finished(next);
    }
  }
}

TEST_P(FaultyStudy, LosesNoTrialOfARunAndTheSameProcessGoesOn) {
  for (const bool lasts : {false, true}) {
    for (std::int64_t n = 1; n < kAnyCall; n += 1 + n / 20) {
      SCOPED_TRACE(n);
      begin_anew();
      Study study = create_study(options_of(storage_));
      const auto plan = lasts ? from_call(n, fault()) : at_call(n, fault());
      storage_->set_plan(fault() == StorageFault::kLostAnswer ? with_answers_to_reserve(plan) : plan);
      Ends ends;
      (void)run(study, ends);
      storage_->set_plan({});
      EXPECT_EQ(run(study, ends), RunEnd::kDone);
      expect_all_finished(study);
    }
  }
}

TEST_P(FaultyStudy, LosesNoTrialOfOptimize) {
  const auto objective = [](Trial& trial) {
    const double x = std::get<double>(trial.params().at("x"));
    for (std::int64_t step = 0; step < kSteps; ++step) {
      trial.report(report_of(x, step), step);
    }
    return x;
  };
  for (std::int64_t n = 1; n < kAnyCall; n += 1 + n / 20) {
    SCOPED_TRACE(n);
    begin_anew();
    Study study = create_study(options_of(storage_));
    storage_->set_plan(at_call(n, fault()));
    std::mutex mutex;
    std::set<std::int64_t> told;
    OptimizeOptions options{.n_trials = kTrials, .n_jobs = 3};
    options.callbacks.push_back([&](Study&, const FrozenTrial& trial) {
      const std::scoped_lock lock(mutex);
      told.insert(trial.number.value);
    });
    try {
      study.optimize(objective, options);
    } catch (const StorageError&) {
      // The one that the plan asks for.
    }
    storage_->set_plan({});
    expect_sound(study, told);
  }
}

}  // namespace
}  // namespace tune::testing
