#include "fmnist/trainer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "fmnist/families/dense.hpp"
#include "train/engines.hpp"
#include "train/random_networks.hpp"
#include "train/support.hpp"

namespace {

using namespace train_test;
using fmnist::BatchSums;
using fmnist::PassEnd;

/// Counts instead of computing.
class FakeEngine final : public fmnist::Engine {
 public:
  void begin_epoch(std::uint64_t) override {}
  void set_lr(double lr) override { rates.push_back(lr); }
  BatchSums train_step(std::span<const std::uint32_t> positions) override {
    batches.push_back(positions.size());
    const bool bad = batches.size() == bad_batch;
    return {bad ? bad_loss : 2.0 * static_cast<double>(positions.size()), 1};
  }
  BatchSums evaluate(std::span<const std::uint32_t> positions) override { return train_step(positions); }
  std::vector<float> outputs(std::span<const std::uint32_t>) override { return {}; }
  std::vector<float> parameters() const override { return {}; }
  std::vector<float> gradients() const override { return {}; }
  std::vector<float> buffers() const override { return {}; }
  fmnist::EngineState state() const override { return {}; }
  void restore(const fmnist::EngineState&) override {}

  std::vector<std::size_t> batches;
  std::vector<double> rates;
  std::size_t bad_batch = 0;
  double bad_loss = std::numeric_limits<double>::quiet_NaN();
};

const fmnist::StopPoll kNeverStop = [] { return false; };
const std::vector<std::uint32_t> kNine(9, 0);

TEST(TrainEpoch, GivesEachBatchItsLearningRateAlsoAfterAPause) {
  const auto rate = [](std::size_t batch) { return 0.5 + static_cast<double>(batch); };
  FakeEngine engine;
  int polls = 0;
  const auto first = fmnist::train_epoch(
      engine, kNine, {2, false}, [&] { return ++polls > 2; }, {}, rate);
  ASSERT_EQ(first.end, fmnist::PassEnd::kStopped);
  (void)fmnist::train_epoch(engine, kNine, {2, false}, kNeverStop, first.progress, rate);
  EXPECT_EQ(engine.rates, (std::vector<double>{0.5, 1.5, 2.5, 3.5, 4.5}));
}

TEST(BatchPlan, CountsTheBatchesOfAnEpoch) {
  EXPECT_EQ((fmnist::BatchPlan{4, false}.n_batches(9)), 3U);
  EXPECT_EQ((fmnist::BatchPlan{4, true}.n_batches(9)), 2U);
  EXPECT_EQ((fmnist::BatchPlan{3, true}.n_batches(9)), 3U);
}

TEST(TrainEpoch, UsesALastBatchThatIsNotFull) {
  FakeEngine engine;
  const auto result = fmnist::train_epoch(engine, kNine, {4, false}, kNeverStop);
  EXPECT_EQ(engine.batches, (std::vector<std::size_t>{4, 4, 1}));
  EXPECT_DOUBLE_EQ(result.loss, 2.0);
  EXPECT_DOUBLE_EQ(result.accuracy, 3.0 / 9.0);
}

TEST(TrainEpoch, LeavesOutALastBatchOfOneWithBatchNorm) {
  FakeEngine engine;
  const auto result = fmnist::train_epoch(engine, kNine, {4, true}, kNeverStop);
  EXPECT_EQ(engine.batches, (std::vector<std::size_t>{4, 4}));
  EXPECT_DOUBLE_EQ(result.accuracy, 2.0 / 8.0);
}

TEST(TrainEpoch, EndsAtTheFirstLossThatIsNotFinite) {
  for (const double loss :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    FakeEngine engine;
    engine.bad_batch = 2;
    engine.bad_loss = loss;
    const auto result = fmnist::train_epoch(engine, kNine, {2, false}, kNeverStop);
    EXPECT_EQ(result.end, PassEnd::kDiverged);
    EXPECT_EQ(result.batch, 2U);
    EXPECT_EQ(engine.batches.size(), 2U);
  }
}

TEST(TrainEpoch, AsksBeforeEveryBatchWhetherToStop) {
  FakeEngine engine;
  int polls = 0;
  const auto result = fmnist::train_epoch(engine, kNine, {2, false}, [&] { return ++polls > 3; });
  EXPECT_EQ(result.end, PassEnd::kStopped);
  EXPECT_EQ(engine.batches.size(), 3U);
}

TEST(TrainEpoch, GoesOnFromWhereItWasStopped) {
  const std::vector<std::uint32_t> positions(5000, 0);
  for (const auto& pass : std::vector<std::function<fmnist::PassResult(fmnist::Engine&, const fmnist::StopPoll&,
                                                                       const fmnist::PassProgress&)>>{
           [&](auto&engine, const auto&poll, const auto&from) {
             return fmnist::train_epoch(engine, positions, {1100, false}, poll, from);
           },
           [&](auto&engine, const auto&poll, const auto&from) {
             return fmnist::evaluate(engine, positions, poll, from);
           }}) {
    FakeEngine whole;
    const auto expected = pass(whole, kNeverStop, {});
    FakeEngine halting;
    int polls = 0;
    auto result = pass(halting, [&] { return ++polls > 2; }, {});
    EXPECT_EQ(result.end, PassEnd::kStopped);
    EXPECT_EQ(result.progress.batches, 2U);
    result = pass(halting, kNeverStop, result.progress);
    EXPECT_EQ(halting.batches, whole.batches);
    EXPECT_EQ(result.loss, expected.loss);
    EXPECT_EQ(result.accuracy, expected.accuracy);
    EXPECT_EQ(result.progress, expected.progress);
  }
}

/// Computes when it is asked for sums, and tells how many batches it was given by then.
class LateEngine final : public fmnist::Engine {
 public:
  void begin_epoch(std::uint64_t) override {}
  void set_lr(double) override {}
  BatchSums train_step(std::span<const std::uint32_t>) override { return {}; }
  BatchSums evaluate(std::span<const std::uint32_t>) override { return {}; }
  std::vector<float> outputs(std::span<const std::uint32_t>) override { return {}; }
  void begin_pass(std::span<const std::uint32_t> positions, bool) override { n_positions = positions.size(); }
  void start(std::size_t begin, std::size_t n) override {
    begins.push_back(begin);
    sizes.push_back(n);
  }
  std::vector<BatchSums> finish() override {
    std::vector<BatchSums> sums;
    for (; n_finished < sizes.size(); ++n_finished) {
      const bool bad = n_finished + 1 == bad_batch;
      sums.push_back({bad ? std::numeric_limits<double>::quiet_NaN() : 0.1 * double(n_finished), 1});
    }
    if (!sums.empty()) together.push_back(sums.size());
    return sums;
  }
  std::size_t starts_ahead() const override { return 3; }
  std::vector<float> parameters() const override { return {}; }
  std::vector<float> gradients() const override { return {}; }
  std::vector<float> buffers() const override { return {}; }
  fmnist::EngineState state() const override { return {}; }
  void restore(const fmnist::EngineState&) override {}

  std::vector<std::size_t> begins, sizes, together;
  std::size_t n_positions = 0, n_finished = 0, bad_batch = 0;
};

TEST(TrainEpoch, AsksAnEngineThatWorksAheadForSumsNowAndThenAndAtTheEnd) {
  LateEngine engine;
  const auto result = fmnist::train_epoch(engine, kNine, {2, false}, kNeverStop);
  EXPECT_EQ(engine.n_positions, 9U);
  EXPECT_EQ(engine.begins, (std::vector<std::size_t>{0, 2, 4, 6, 8}));
  EXPECT_EQ(engine.sizes, (std::vector<std::size_t>{2, 2, 2, 2, 1}));
  EXPECT_EQ(engine.together, (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(result.progress, (fmnist::PassProgress{9, 5, 0.0 + 0.1 + 0.2 + 0.1 * 3.0 + 0.4, 5}));
}

TEST(TrainEpoch, NamesTheBatchThatDivergedThoughOthersWereBegun) {
  for (const std::size_t bad : {1U, 2U, 3U, 4U, 5U}) {
    LateEngine engine;
    engine.bad_batch = bad;
    const auto result = fmnist::train_epoch(engine, kNine, {2, false}, kNeverStop);
    EXPECT_EQ(result.end, PassEnd::kDiverged);
    EXPECT_EQ(result.batch, bad);
    EXPECT_EQ(engine.sizes.size(), bad <= 3 ? 3U : 5U);
  }
}

TEST(TrainEpoch, KnowsAllThatWasBegunWhenItIsStopped) {
  for (std::size_t n_batches = 0; n_batches < 5; ++n_batches) {
    LateEngine engine;
    std::size_t polls = 0;
    const auto stop = [&] { return polls++ == n_batches; };
    const auto first = fmnist::train_epoch(engine, kNine, {2, false}, stop);
    EXPECT_EQ(first.end, PassEnd::kStopped);
    EXPECT_EQ(first.progress.batches, n_batches);
    const auto rest = fmnist::train_epoch(engine, kNine, {2, false}, kNeverStop, first.progress);
    EXPECT_EQ(rest.progress.examples, 9U);
    EXPECT_EQ(engine.begins, (std::vector<std::size_t>{0, 2, 4, 6, 8}));
  }
}

TEST(Passes, OverNothingAreDoneWithNothing) {
  const auto data = made_up_data(20, 40, 5);
  fmnist::EngineConfig config;
  config.network = fmnist::dense_network({.widths = {4}}, 40, 5);
  for (const auto& [name, make] : cpu_engines()) {
    const auto engine = make(data, config);
    const auto before = engine->parameters();
    for (const auto& result : {fmnist::train_epoch(*engine, {}, {2, false}, kNeverStop),
                               fmnist::evaluate(*engine, {}, kNeverStop)}) {
      EXPECT_EQ(result.end, PassEnd::kDone) << name;
      EXPECT_EQ(result.progress, fmnist::PassProgress{}) << name;
      EXPECT_EQ(result.accuracy, 0.0) << name;
    }
    EXPECT_EQ(engine->parameters(), before) << name;
    EXPECT_EQ(fmnist::evaluate(*engine, first_positions(20), kNeverStop).progress.examples, 20U) << name;
  }
}

TEST(TrainEpoch, ThatIsStoppedAfterADivergenceHasDiverged) {
  LateEngine engine;
  engine.bad_batch = 2;
  std::size_t polls = 0;
  const auto result = fmnist::train_epoch(engine, kNine, {2, false}, [&] { return polls++ == 2; });
  EXPECT_EQ(result.end, PassEnd::kDiverged);
  EXPECT_EQ(result.batch, 2U);
}

TEST(ShuffleForEpoch, IsAPermutationThatDependsOnItsKeyAlone) {
  std::vector<std::uint32_t> sorted(100);
  std::iota(sorted.begin(), sorted.end(), 5U);
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> again{1, 2, 3};
  std::vector<std::uint32_t> next;
  fmnist::shuffle_for_epoch(sorted, 1, 2, 3, sorted.size(), first);
  fmnist::shuffle_for_epoch(sorted, 1, 2, 3, sorted.size(), again);
  fmnist::shuffle_for_epoch(sorted, 1, 2, 4, sorted.size(), next);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, next);
  EXPECT_NE(first, sorted);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), sorted.begin()));
}

TEST(ShuffleForEpoch, TakesAnyPartOfAPermutation) {
  std::vector<std::uint32_t> sorted(100);
  std::iota(sorted.begin(), sorted.end(), 5U);
  std::vector<std::uint32_t> all;
  fmnist::shuffle_for_epoch(sorted, 1, 2, 3, sorted.size(), all);
  for (const std::size_t n : {0, 1, 30, 99}) {
    std::vector<std::uint32_t> some;
    fmnist::shuffle_for_epoch(sorted, 1, 2, 3, n, some);
    EXPECT_EQ(some, std::vector<std::uint32_t>(all.end() - static_cast<std::ptrdiff_t>(n), all.end())) << n;
  }
}

}  // namespace
