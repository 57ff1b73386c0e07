#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "fmnist/families/family.hpp"
#include "fmnist/manifest.hpp"
#include "fmnist/objective.hpp"
#include "fmnist/training_state.hpp"
#include "train/support.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace {

using namespace train_test;
using End = tune::TrialResult::End;

constexpr std::int64_t kEpochs = 4;

tune::ParamValue text(const char* value) {
  return std::string(value);
}

std::shared_ptr<const fmnist::TrainingData> small_data() {
  // More validation examples than one poll covers, so that a stop meets every kind of place.
  static const auto data = made_up_data(15000, 12, 5, 2);
  return data;
}

/// What a trial can be trained by: the setting "engine" and the parameter "precision".
struct Trainer {
  const char* engine;
  const char* precision;
};
constexpr Trainer kTrainers[] = {{"gemm", "fp32"}, {"gemm", "bf16"}, {"tensor", "fp32"}, {"autograd", "fp32"}};

fmnist::Objective objective(const char* engine, std::string metric = "validation_loss",
                            std::shared_ptr<const fmnist::TrainingData> data = small_data()) {
  return {config_with({{"epochs", kEpochs}, {"engine", text(engine)}}, {std::move(metric)}), std::move(data)};
}

tune::ParamValues small_params(const char* optimizer, bool batch_norm, double dropout) {
  return params_with({{"width", std::int64_t{8}},
                      {"batch_size", std::int64_t{700}},
                      {"optimizer", text(optimizer)},
                      {"momentum", optimizer == std::string("sgd") ? 0.9 : 0.0},
                      {"weight_decay", 1e-4},
                      {"batch_norm", batch_norm},
                      {"dropout", dropout},
                      {"schedule", text(dropout > 0.0 ? "one_cycle" : "constant")},
                      {"warmup_epochs", batch_norm ? 1.5 : 0.0},
                      {"horizontal_flip", dropout > 0.0},
                      {"max_shift", std::int64_t{dropout > 0.0 ? 1 : 0}},
                      {"lr", 0.003}});
}

tune::ParamValues small_family(const std::string& family) {
  tune::ParamValues params = small_params("adam", false, 0.3);
  for (const auto& [name, value] : tune::ParamValues{{"family", family},
                                                     {"patch_size", std::int64_t{2}},
                                                     {"mixer_blocks", std::int64_t{1}},
                                                     {"conv_layers", std::int64_t{1}},
                                                     {"conv_blocks", std::int64_t{1}},
                                                     {"channels", std::int64_t{2}},
                                                     {"conv_dropout", 0.2},
                                                     {"random_erasing", 0.5}}) {
    params.insert_or_assign(name, value);
  }
  return params;
}

/// Polls of one epoch of `small_params`: 18 batches and 2 parts of the validation.
constexpr std::int64_t kPollsAnEpoch = 18 + 2;
/// Polls of a whole trial.
constexpr std::uint64_t kPolls = kEpochs * kPollsAnEpoch;

/// What must not depend on interruptions.
struct Outcome {
  std::vector<double> values;
  std::vector<double> reports;
  std::string curves;
  /// Not compared: with the engine tensor it depends on how much of a pass was computed at a time.
  std::string peak_memory;

  friend bool operator==(const Outcome& a, const Outcome& b) {
    return a.values == b.values && a.reports == b.reports && a.curves == b.curves;
  }
};

Outcome outcome_of(const FakeTrial& trial, const tune::TrialResult& result) {
  Outcome outcome{result.values, {}, trial.attrs.at("curves"), trial.attrs.at("peak_memory_mib")};
  for (const auto& report : trial.reports) outcome.reports.push_back(report.value);
  return outcome;
}

Outcome uninterrupted(fmnist::Objective& objective, const tune::ParamValues& params) {
  FakeTrial trial(params);
  const auto result = objective.run(trial);
  return outcome_of(trial, result);
}

FakeTrial with_checkpoints(const tune::ParamValues& params) {
  FakeTrial trial(params);
  trial.checkpoint_interval = std::chrono::hours(1);
  return trial;
}

/// Of the trial that is stopped after so many polls, and of the one that goes on from its checkpoint.
struct Halved {
  FakeTrial first;
  Outcome outcome;
};

Halved stopped_once(fmnist::Objective& objective, const tune::ParamValues& params, std::int64_t polls) {
  FakeTrial first = with_checkpoints(params);
  first.stop_after_polls = polls;
  EXPECT_EQ(objective.run(first).end, End::kInterrupted);
  FakeTrial rest = with_checkpoints(params);
  rest.checkpoint = first.checkpoint;
  const auto result = objective.run(rest);
  return {std::move(first), outcome_of(rest, result)};
}

/// Interrupts at random polls until the trial ends by itself; each attempt knows nothing but the checkpoint.
Outcome interrupted(fmnist::Objective& objective, const tune::ParamValues& params, std::uint64_t seed,
                    int* n_attempts = nullptr) {
  tune::RandomStream random({seed, 1, tune::Purpose::kAugmentation, 2});
  std::optional<tune::Checkpoint> kept;
  for (int attempts = 1;; ++attempts) {
    FakeTrial trial = with_checkpoints(params);
    trial.checkpoint = kept;
    trial.stop_after_polls = static_cast<std::int64_t>(random.below(kPolls / 2));
    const auto result = objective.run(trial);
    EXPECT_TRUE(trial.refusals.empty());
    kept = trial.checkpoint;
    if (result.end == End::kInterrupted) continue;
    if (n_attempts != nullptr) *n_attempts = attempts;
    return outcome_of(trial, result);
  }
}

TEST(Checkpoints, LetATrialOfEveryFamilyEndAsIfItHadNeverBeenInterrupted) {
  auto trained = objective("auto");
  trained.prepare_worker({});
  for (const auto& family : fmnist::families()) {
    const auto params = small_family(family.name);
    const Outcome expected = uninterrupted(trained, params);
    ASSERT_EQ(expected.reports.size(), static_cast<std::size_t>(kEpochs)) << family.name;
    const Outcome found = interrupted(trained, params, 3);
    EXPECT_EQ(found, expected) << family.name;
    EXPECT_EQ(found.peak_memory, expected.peak_memory) << family.name;
  }
}

TEST(Checkpoints, LetATrialEndAsIfItHadNeverBeenInterrupted) {
  int n_attempts_in_all = 0;
  for (const auto& [engine, precision] : kTrainers) {
    auto trained = objective(engine);
    trained.prepare_worker({});
    for (const char* optimizer : {"sgd", "adam", "adamw", "rmsprop"}) {
      for (const bool batch_norm : {false, true}) {
        for (const double dropout : {0.0, 0.3}) {
          auto params = small_params(optimizer, batch_norm, dropout);
          params["precision"] = text(precision);
          const Outcome expected = uninterrupted(trained, params);
          ASSERT_EQ(expected.reports.size(), static_cast<std::size_t>(kEpochs));
          int n_attempts = 0;
          const Outcome found = interrupted(trained, params, std::hash<std::string>()(optimizer), &n_attempts);
          EXPECT_EQ(found, expected) << engine << ' ' << precision << ' ' << optimizer << ' ' << batch_norm
                                     << ' ' << dropout;
          n_attempts_in_all += n_attempts;
        }
      }
    }
  }
  EXPECT_GT(n_attempts_in_all, 64 * 3);
}

TEST(Checkpoints, LetATrialStopEarlyAsIfItHadNeverBeenInterrupted) {
  constexpr std::int64_t kMostEpochs = 12;
  constexpr std::int64_t kPatience = 2;
  for (const char* engine : {"gemm", "tensor", "autograd"}) {
    fmnist::Objective trained(
        config_with({{"epochs", kMostEpochs}, {"engine", text(engine)}}, {"validation_loss"}), small_data());
    trained.prepare_worker({});
    auto params = small_params("adam", true, 0.0);
    params["lr"] = 0.1;  // Too much for the loss to fall each epoch.
    params["early_stopping"] = kPatience;
    const Outcome expected = uninterrupted(trained, params);
    const auto n_epochs = static_cast<std::int64_t>(expected.reports.size());
    ASSERT_GT(n_epochs, kPatience + 1) << engine;
    ASSERT_LT(n_epochs, kMostEpochs) << engine;
    constexpr std::int64_t kSomePolls = 7;  // Meets the batches and the validation of an epoch at other places.
    for (std::int64_t polls = 0; polls < n_epochs * kPollsAnEpoch; polls += kSomePolls) {
      EXPECT_EQ(stopped_once(trained, params, polls).outcome, expected)
          << engine << " after " << polls << " polls";
    }
  }
}

TEST(Checkpoints, HoldWhateverPlaceATrialIsStoppedAt) {
  for (const char* engine : {"gemm", "tensor"}) {
    auto trained = objective(engine);
    const auto params = small_params("adam", true, 0.3);
    const Outcome expected = uninterrupted(trained, params);
    for (std::int64_t polls = 0; polls < static_cast<std::int64_t>(kPolls); ++polls) {
      const auto [first, outcome] = stopped_once(trained, params, polls);
      EXPECT_EQ(outcome, expected) << engine << " after " << polls << " polls";
      if (first.checkpoint) {
        EXPECT_EQ(first.checkpoint->step, static_cast<std::int64_t>(first.reports.size()));
      }
    }
  }
}

TEST(Checkpoints, OfPlainSgdHoldToo) {
  for (const char* engine : {"gemm", "tensor", "autograd"}) {
    auto trained = objective(engine);
    auto params = small_params("sgd", false, 0.0);
    params["momentum"] = 0.0;
    EXPECT_EQ(interrupted(trained, params, 5), uninterrupted(trained, params)) << engine;
  }
}

TEST(Checkpoints, AtTheEndOfAnEpochLetAKilledTrialGoOn) {
  auto trained = objective("gemm");
  const auto params = small_params("adamw", true, 0.3);
  const Outcome expected = uninterrupted(trained, params);
  FakeTrial saving = with_checkpoints(params);
  saving.checkpoint_interval = std::chrono::seconds(0);
  saving.prune_after_reports = 3;  // Ends it without a further save, as a kill would.
  ASSERT_EQ(trained.run(saving).end, End::kPruned);
  ASSERT_GE(saving.n_saves, 1);
  FakeTrial rest = with_checkpoints(params);
  rest.checkpoint = saving.checkpoint;
  const auto result = trained.run(rest);
  EXPECT_EQ(outcome_of(rest, result), expected);
}

TEST(Checkpoints, AreNotSavedBeforeTheIntervalHasPassed) {
  auto trained = objective("gemm");
  FakeTrial trial = with_checkpoints(small_params("adam", false, 0.0));
  (void)trained.run(trial);
  EXPECT_EQ(trial.n_saves, 0);
}

TEST(Checkpoints, TakeNoMoreThanAHundredthOfTheTime) {
  class SlowStore final : public tune::TrialContext, private tune::CheckpointStore {
   public:
    explicit SlowStore(tune::ParamValues params) : trial_(std::move(params)) {}
    tune::TrialNumber number() const override { return trial_.number(); }
    const tune::ParamValues& params() const override { return trial_.params(); }
    const tune::DeviceSlot& slot() const override { return trial_.slot(); }
    std::uint64_t training_seed() const override { return trial_.training_seed(); }
    std::uint64_t training_trial() const override { return trial_.training_trial(); }
    tune::StopReason stop_reason() const noexcept override { return tune::StopReason::kNone; }
    void report(double, std::int64_t) override {}
    bool should_prune() override { return false; }
    void set_user_attr(std::string, std::string) override {}
    tune::CheckpointStore& checkpoints() override { return *this; }
    int n_saves = 0;

   private:
    std::chrono::duration<double> interval() const override { return std::chrono::seconds(0); }
    bool resume(const Take&) override { return false; }
    bool save(const tune::Checkpoint&) override {
      ++n_saves;
      std::this_thread::sleep_for(
          std::chrono::seconds(1));  // A slow disk; three epochs take far less than 100 s.
      return true;
    }
    FakeTrial trial_;
  };
  auto trained = objective("gemm");
  SlowStore trial(small_params("adam", false, 0.0));
  (void)trained.run(trial);
  EXPECT_EQ(trial.n_saves, 1);
}

TEST(Checkpoints, AreNotMadeWhereNoneAreKept) {
  auto trained = objective("gemm");
  FakeTrial trial(small_params("adam", false, 0.0));
  trial.stop_after_polls = 30;
  EXPECT_EQ(trained.run(trial).end, End::kInterrupted);
  EXPECT_EQ(trial.n_saves, 0);
}

TEST(Checkpoints, AreNotMadeOfATrialThatRanOutOfTime) {
  auto trained = objective("gemm");
  FakeTrial trial = with_checkpoints(small_params("adam", false, 0.0));
  trial.stop_after_polls = 30;
  trial.stop_with = tune::StopReason::kTimeLimit;
  EXPECT_EQ(trained.run(trial).end, End::kPruned);
  EXPECT_EQ(trial.n_saves, 0);
}

TEST(Checkpoints, AddUpTheSecondsOfTraining) {
  auto trained = objective("gemm");
  const auto params = small_params("adam", false, 0.0);
  FakeTrial first = with_checkpoints(params);
  first.stop_after_polls = 30;
  ASSERT_EQ(trained.run(first).end, End::kInterrupted);
  EXPECT_GT(first.checkpoint->seconds, 0.0);
  FakeTrial rest = with_checkpoints(params);
  rest.checkpoint = first.checkpoint;
  rest.checkpoint->seconds = 1000.0;
  (void)trained.run(rest);
  const double seconds = nlohmann::json::parse(rest.attrs.at("training_seconds")).get<double>();
  EXPECT_GT(seconds, 1000.0);
  EXPECT_LT(seconds, 1900.0);
}

/// The peak of the trial that is stopped after so many polls and goes on, beside that of one that was not
/// stopped.
void expect_the_same_peak(const Trainer& trainer, tune::ParamValues params, std::int64_t polls,
                          const std::shared_ptr<const fmnist::TrainingData>& data = small_data()) {
  auto trained = objective(trainer.engine, "validation_loss", data);
  params["precision"] = text(trainer.precision);
  const auto peak = [](const FakeTrial& trial) { return trial.attrs.at("peak_memory_mib"); };
  FakeTrial whole(params);
  ASSERT_EQ(trained.run(whole).end, End::kComplete);
  FakeTrial first = with_checkpoints(params);
  first.stop_after_polls = polls;
  ASSERT_EQ(trained.run(first).end, End::kInterrupted);
  FakeTrial rest = with_checkpoints(params);
  rest.checkpoint = first.checkpoint;
  ASSERT_EQ(trained.run(rest).end, End::kComplete);
  EXPECT_EQ(peak(rest), peak(whole)) << trainer.engine << ' ' << trainer.precision << ' ' << polls;
}

TEST(Checkpoints, RememberThePeakOfMemory) {
  constexpr auto kLastValidation = static_cast<std::int64_t>(kPolls) - 1;
  for (const Trainer& trainer : kTrainers)
    expect_the_same_peak(trainer, small_params("adam", false, 0.3), kLastValidation);
}

TEST(Checkpoints, RememberThePeakOfMemoryBeforeASmallerBatch) {
  // Three batches of 24 images and one of 8 + 5: what begins with that one makes room for more later.
  auto params = small_params("adam", false, 0.3);
  params["batch_size"] = std::int64_t{24};
  const auto few = made_up_data(106, 12, 5, 2);
  for (const Trainer& trainer : kTrainers) expect_the_same_peak(trainer, params, 3, few);
}

TEST(Checkpoints, AddNothingToThePeakOfMemory) {
  // Weights beside which batches are nothing, and steps that take nothing besides.
  auto params = small_params("sgd", false, 0.0);
  params["momentum"] = 0.0;
  params["weight_decay"] = 0.0;
  params["width"] = std::int64_t{1000};
  params["batch_size"] = std::int64_t{20};
  const auto few = made_up_data(100, 12, 5, 2);
  for (const Trainer& trainer : kTrainers) expect_the_same_peak(trainer, params, 7, few);
}

/// What a trial of these parameters says to a checkpoint; it must end as one that begins anew.
std::string refusal(fmnist::Objective& trained, const tune::ParamValues& params, const tune::Checkpoint& kept) {
  FakeTrial trial = with_checkpoints(params);
  trial.checkpoint = kept;
  const auto result = trained.run(trial);
  EXPECT_EQ(outcome_of(trial, result), uninterrupted(trained, params));
  return trial.refusals.empty() ? "" : trial.refusals.front();
}

tune::Checkpoint checkpoint_of(fmnist::Objective& trained, const tune::ParamValues& params) {
  FakeTrial trial = with_checkpoints(params);
  trial.stop_after_polls = 30;
  EXPECT_EQ(trained.run(trial).end, End::kInterrupted);
  return trial.checkpoint.value();
}

TEST(Checkpoints, OfAnotherEngineNetworkOptimizerOrDataAreRefused) {
  auto trained = objective("gemm");
  const auto params = small_params("adam", false, 0.0);
  const tune::Checkpoint kept = checkpoint_of(trained, params);
  EXPECT_EQ(refusal(trained, params, kept), "");

  auto autograd = objective("autograd");
  EXPECT_TRUE(mentions(refusal(autograd, params, kept), {"engine gemm", "engine autograd"}));
  auto tensor = objective("tensor");
  EXPECT_TRUE(mentions(refusal(tensor, params, kept), {"engine gemm", "engine tensor on cpu"}));
  auto wider = params;
  wider["width"] = std::int64_t{9};
  EXPECT_TRUE(
      mentions(refusal(trained, wider, kept), {"linear 8, relu, linear 8", "linear 9, relu, linear 9"}));
  EXPECT_TRUE(mentions(refusal(trained, small_params("adam", true, 0.0), kept), {"linear 8, batch norm"}));
  EXPECT_TRUE(mentions(refusal(trained, small_params("sgd", false, 0.0), kept), {"another optimizer"}));
  auto other_data = objective("gemm", "validation_loss", made_up_data(14000, 12, 5));
  EXPECT_TRUE(mentions(refusal(other_data, params, kept), {"examples"}));
}

TEST(Checkpoints, OfAnEpochThatTheTrialDoesNotHaveAreRefused) {
  auto trained = objective("gemm");
  const auto params = small_params("adam", false, 0.0);
  FakeTrial trial = with_checkpoints(params);
  trial.stop_after_polls = 70;
  ASSERT_EQ(trained.run(trial).end, End::kInterrupted);
  fmnist::Objective shorter(
      config_with({{"epochs", std::int64_t{2}}, {"engine", text("gemm")}}, {"validation_loss"}), small_data());
  EXPECT_TRUE(mentions(refusal(shorter, params, *trial.checkpoint), {"further than the trial goes"}));
}

TEST(Checkpoints, ThatAreCutOffOrScrambledBeginTheTrialAnewOrAreTakenWhole) {
  auto trained = objective("gemm");
  const auto params = small_params("adam", true, 0.3);
  const tune::Checkpoint kept = checkpoint_of(trained, params);
  tune::RandomStream random({1, 2, tune::Purpose::kAugmentation, 4});
  for (int i = 0; i < 300; ++i) {
    auto bytes = kept.bytes;
    bytes.resize(random.below(bytes.size()));
    EXPECT_THROW((void)fmnist::decode_training_state(bytes, "engine gemm"), tune::FormatError);
  }
  // Scrambled anywhere, as by somebody who also makes the checksum right: it may train on nonsense, no more.
  for (int i = 0; i < 30; ++i) {
    FakeTrial trial = with_checkpoints(params);
    trial.checkpoint = kept;
    for (int k = 0; k < 40; ++k) {
      trial.checkpoint->bytes[random.below(kept.bytes.size())] = static_cast<std::byte>(random.below(256));
    }
    EXPECT_NO_THROW((void)trained.run(trial));
  }
}

}  // namespace
