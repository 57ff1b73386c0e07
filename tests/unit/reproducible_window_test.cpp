#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <thread>
#include <utility>

#include "support/faulty_storage.hpp"
#include "support/sampler_variants.hpp"
#include "support/storages.hpp"
#include "tune/analysis/explanation.hpp"
#include "tune/error.hpp"
#include "tune/executor.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/random.hpp"
#include "tune/storages/in_memory.hpp"

/// Studies with a reproducible window: the same whatever the number of workers, their speed and interruptions.
namespace tune {
namespace {

constexpr std::int64_t kWindow = 4;
constexpr std::int64_t kTrials = 36;

struct Scenario {
  std::string name;
  testing::SamplerVariant sampler{"tpe", "tpe"};
  std::string pruner = "median";
  Duplicates duplicates = Duplicates::kAllow;
};

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (const testing::SamplerVariant& variant : testing::sampler_variants())
    all.push_back({variant.name, variant});
  for (const PrunerEntry& pruner : pruner_registry()) {
    if (pruner.name == "threshold") continue;  // It needs a bound, and looks at no other trial.
    all.push_back({"pruner_" + pruner.name, {"tpe", "tpe"}, pruner.name});
  }
  all.push_back({"avoiding_duplicates", {"tpe", "tpe"}, "median", Duplicates::kAvoid});
  return all;
}

SearchSpace space_of(const Scenario& scenario) {
  SearchSpace space;
  if (scenario.sampler.needs_finite_space || scenario.duplicates == Duplicates::kAvoid) {
    space.add({"x", FloatDistribution{0.0, 1.0, false, 0.25}, {}});
  } else {
    space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  }
  space.add({"depth", IntDistribution{1, 4}, {}});
  space.add({"kind", CategoricalDistribution{{std::string("a"), std::string("b"), std::string("c")}}, {}});
  return space;
}

std::shared_ptr<const Pruner> pruner_of(const Scenario& scenario) {
  if (scenario.pruner != "patient") return make_pruner(scenario.pruner);
  return make_pruner("patient",
                     {{"patience", std::int64_t{1}}, {"wrapped_pruner", std::string(R"({"type": "median"})")}});
}

StudyOptions options_of(const Scenario& scenario, const std::shared_ptr<Storage>& storage) {
  StudyOptions options;
  options.storage = storage;
  options.sampler = testing::make_variant(scenario.sampler);
  options.pruner = pruner_of(scenario);
  options.seed = 11;
  options.space = space_of(scenario);
  options.duplicates = scenario.duplicates;
  options.reproducible_window = kWindow;
  options.load_if_exists = true;
  // The first is whole, the others leave something to the sampler, the last cannot be taken.
  options.points = {{{"x", 0.5}, {"depth", std::int64_t{2}}, {"kind", std::string("b")}},
                    {{"x", 0.25}},
                    {{"depth", std::int64_t{4}}}};
  return options;
}

/// Reports eight times, at a pace of its own; stops when asked to.
class PacedObjective final : public Objective {
 public:
  explicit PacedObjective(std::uint64_t pace_seed, std::function<void()> on_report = {})
      : pace_seed_(pace_seed), on_report_(std::move(on_report)) {}

  TrialResult run(TrialContext& trial) override {
    const auto number = static_cast<std::uint64_t>(trial.number().value);
    RandomStream pace({pace_seed_, number, Purpose::kShuffle, 0});
    RandomStream noise({1, number, Purpose::kDropout, 0});
    if (number % 11 == 10) throw InvalidArgument("this one always fails");
    const double x = std::get<double>(trial.params().at("x"));
    const auto depth = static_cast<double>(std::get<std::int64_t>(trial.params().at("depth")));
    TrialResult result;
    double value = 0.0;
    for (std::int64_t step = 1; step <= 8; ++step) {
      std::this_thread::sleep_for(std::chrono::microseconds(pace.below(400)));
      if (on_report_) on_report_();
      if (trial.stop_reason() != StopReason::kNone) {
        result.end = TrialResult::End::kInterrupted;
        return result;
      }
      value = std::abs(x - 0.3) + 0.1 * depth + noise.uniform() / static_cast<double>(step);
      trial.report(value, step);
      if (trial.should_prune()) {
        result.end = TrialResult::End::kPruned;
        return result;
      }
    }
    result.values = {value};
    return result;
  }

 private:
  std::uint64_t pace_seed_;
  std::function<void()> on_report_;
};

RunOptions run_options(int n_workers) {
  RunOptions options;
  options.slots = make_slots({"cpu"}, n_workers);
  options.n_trials = kTrials;
  options.parameters = {
      OptionSpec{.name = "x", .kind = OptionKind::kFloat, .default_value = 0.5},
      OptionSpec{.name = "depth", .kind = OptionKind::kInt, .default_value = std::int64_t{1}},
      OptionSpec{.name = "kind", .kind = OptionKind::kString, .default_value = std::string("a")}};
  return options;
}

std::string run(const Scenario& scenario, int n_workers, std::uint64_t pace_seed) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(options_of(scenario, storage));
  PacedObjective objective(pace_seed);
  const std::atomic<bool> never_stop{false};
  RunObserver nobody;
  (void)run_trials(study, objective, run_options(n_workers), never_stop, nobody);
  return testing::describe(study.trials());
}

class ReproducibleWindow : public ::testing::TestWithParam<Scenario> {};

INSTANTIATE_TEST_SUITE_P(Scenarios, ReproducibleWindow, ::testing::ValuesIn(scenarios()),
                         [](const auto& tested) { return tested.param.name; });

TEST_P(ReproducibleWindow, GivesTheSameStudyForEveryNumberOfWorkers) {
  const std::string alone = run(GetParam(), 1, 1);
  EXPECT_EQ(run(GetParam(), 2, 2), alone);
  EXPECT_EQ(run(GetParam(), kWindow, 3), alone);
  EXPECT_EQ(run(GetParam(), kWindow, 4), alone);
}

/// What a study is, without the counts of how often its trials were handed out.
std::string results_of(const Study& study) {
  std::string text;
  for (FrozenTrial trial : study.trials()) {
    std::erase_if(trial.system_attrs, [](const auto& attribute) {
      return attribute.first == kFixedParamsKey || attribute.first.starts_with("tune:");
    });
    std::sort(trial.params.begin(), trial.params.end(),
              [](const Param& a, const Param& b) { return a.name < b.name; });
    text += testing::describe(trial) + "\n";
  }
  return text;
}

TEST_P(ReproducibleWindow, GivesTheSameStudyWhenItIsInterrupted) {
  const auto uninterrupted = [&] {
    Study study = create_study(options_of(GetParam(), make_in_memory_storage()));
    PacedObjective objective(1);
    const std::atomic<bool> never_stop{false};
    RunObserver nobody;
    (void)run_trials(study, objective, run_options(1), never_stop, nobody);
    return results_of(study);
  }();
  const auto storage = make_in_memory_storage();
  RandomStream when({5, 0, Purpose::kShuffle, 0});
  for (;;) {
    Study study = create_study(options_of(GetParam(), storage));
    std::atomic<bool> stop{false};
    std::atomic<std::int64_t> reports_left{static_cast<std::int64_t>(20 + when.below(60))};
    PacedObjective objective(2, [&] {
      if (--reports_left < 0) stop = true;
    });
    RunObserver nobody;
    const auto report = run_trials(study, objective, run_options(3), stop, nobody);
    if (report.end != RunEnd::kInterrupted) {
      EXPECT_EQ(results_of(study), uninterrupted);
      return;
    }
  }
}

TEST(ReproducibleWindow, IsExplainedByWhatItCouldSee) {
  const Scenario scenario{"tpe"};
  const auto storage = make_in_memory_storage();
  Study study = create_study(options_of(scenario, storage));
  PacedObjective objective(3);
  const std::atomic<bool> never_stop{false};
  RunObserver nobody;
  (void)run_trials(study, objective, run_options(kWindow), never_stop, nobody);
  const auto trials = study.trials();
  for (const FrozenTrial& trial : trials) {
    const Explanation explanation = explain_suggestion(options_of(scenario, storage), trials, trial.number);
    EXPECT_TRUE(explanation.is_confirmed) << trial.number.value;
    if (trial.number.value >= kTrials / 2) {
      EXPECT_EQ(explanation.n_running, static_cast<std::size_t>(kWindow - 1));
    }
  }
}

TEST(ReproducibleWindow, CostsOptimizeNoTrialThatHasToWait) {
  StudyOptions options;
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  options.reproducible_window = 2;
  Study study = create_study(std::move(options));
  study.optimize([](Trial& trial) { return std::get<double>(trial.params().at("x")); }, 20, 4);
  EXPECT_EQ(study.count(TrialState::kComplete), 20U);
}

TEST(ReproducibleWindow, RefusesToWaitForAnotherProgram) {
  const auto storage = make_in_memory_storage();
  Study study = create_study(options_of({"tpe"}, storage));
  (void)storage->reserve(study.id(), Owner{});
  EXPECT_THROW((void)study.ask_within(std::nullopt), InvalidArgument);
}

TEST(ReproducibleWindow, NeedsADeclaredSpaceAndAtLeastOneTrial) {
  StudyOptions options;
  options.reproducible_window = 2;
  EXPECT_THROW((void)create_study(options), InvalidArgument);
  options = options_of({"tpe"}, make_in_memory_storage());
  options.reproducible_window = 0;
  EXPECT_THROW((void)create_study(options), InvalidArgument);
  options.reproducible_window = 2;
  options.asks_for_outsiders = true;
  EXPECT_THROW((void)create_study(options), InvalidArgument);
}

class Stagnating : public ::testing::TestWithParam<std::optional<std::int64_t>> {};

INSTANTIATE_TEST_SUITE_P(Windows, Stagnating, ::testing::Values(std::nullopt, 1, 3));

/// Trial 6 is the best, infeasible and failed ones count as no better.
FrozenTrial tell_planned(Study& study, Trial trial) {
  const std::int64_t number = trial.number().value;
  if (number == 8) {
    trial.set_constraints({1.0});
    return study.tell(std::move(trial), -5.0);
  }
  if (number == 7) return study.tell(std::move(trial), TrialState::kFail);
  return study.tell(std::move(trial), number <= 6 ? 10.0 - static_cast<double>(number) : 4.0);
}

TEST_P(Stagnating, EndsAfterExactlySoManyTrialsWithoutABetterValue) {
  StudyOptions options;
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  options.stagnation = 5;
  options.reproducible_window = GetParam();
  Study study = create_study(std::move(options));
  AskResult asked;
  while ((asked = study.ask_within(100)).trial) (void)tell_planned(study, std::move(*asked.trial));
  EXPECT_EQ(asked.status, ReserveStatus::kAllFinished);
  EXPECT_TRUE(asked.stagnated);
  EXPECT_FALSE(asked.exhausted);
  EXPECT_EQ(static_cast<std::int64_t>(study.trials().size()), 6 + 5 + GetParam().value_or(1));
  // What a person enqueues still runs.
  (void)study.enqueue_trials({{{"x", 0.5}}});
  EXPECT_TRUE(study.ask_within(100).trial.has_value());
}

TEST(Stagnating, NeedsOneObjective) {
  StudyOptions options;
  options.stagnation = 0;
  EXPECT_THROW((void)create_study(options), InvalidArgument);
  options.stagnation = 3;
  options.directions = {Direction::kMinimize, Direction::kMinimize};
  EXPECT_THROW((void)create_study(options), InvalidArgument);
}

/// Another process takes the number that this one was about to take: the next one may lie beyond the study's
/// end.
TEST(ReproducibleStudy, BeginsNoTrialThatItDoesNotKnowToBeWanted) {
  const auto storage = make_in_memory_storage();
  StudyOptions options;
  options.sampler = make_sampler("random");
  options.space.add({"x", FloatDistribution{0.0, 1.0}, {}});
  options.reproducible_window = 2;
  options.stagnation = 1;
  options.load_if_exists = true;
  options.storage = storage;
  Study other = Study::create(options);
  std::vector<Trial> begun;
  begun.push_back(other.ask());
  begun.push_back(other.ask());
  (void)other.tell(std::move(begun[0]), 0.0);

  const auto hooked = std::make_shared<testing::FaultyStorage>(storage);
  options.storage = hooked;
  Study study = Study::create(options);
  hooked->set_plan([&](std::int64_t, std::string_view name) {
    if (name == "reserve" && begun.size() == 2) begun.push_back(other.ask());
    return testing::StorageFault::kNone;
  });
  EXPECT_EQ(study.ask_within(std::nullopt).status, ReserveStatus::kOthersRunning);
  ASSERT_EQ(begun.size(), 3U);
  (void)other.tell(std::move(begun[1]), 1.0);
  (void)other.tell(std::move(begun[2]), 1.0);
  const AskResult end = study.ask_within(std::nullopt);
  EXPECT_EQ(end.status, ReserveStatus::kAllFinished);
  EXPECT_TRUE(end.stagnated);
  EXPECT_EQ(study.trials().size(), 3U);
}

}  // namespace
}  // namespace tune
