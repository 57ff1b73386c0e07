#include "fmnist/epoch_timing.hpp"

#include <algorithm>
#include <chrono>

#include "fmnist/evaluation.hpp"

namespace fmnist {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kTrainingTime{0.3};
constexpr Seconds kValidationTime{0.1};
constexpr std::size_t kWarmUpSteps = 2;
constexpr std::size_t kFewestSteps = 3;

/// The batches of an epoch of so many examples, one after the other, and then again.
class Batches {
 public:
  Batches(std::size_t n_examples, const BatchPlan& plan) : n_examples_(n_examples), plan_(plan) {}

  void start_next(Engine& engine) {
    if (next_ == plan_.n_batches(n_examples_)) next_ = 0;
    const std::size_t begin = next_++ * plan_.batch_size;
    engine.start(begin, std::min(plan_.batch_size, n_examples_ - begin));
    if (++n_ahead_ < engine.starts_ahead()) return;
    static_cast<void>(engine.finish());
    n_ahead_ = 0;
  }

 private:
  std::size_t n_examples_;
  const BatchPlan& plan_;
  std::size_t next_ = 0;
  std::size_t n_ahead_ = 0;
};

double seconds_of_training(Engine& engine, const TrainingData& data, const TrialPlan& plan) {
  std::vector<std::uint32_t> order;
  shuffle_for_epoch(data.split.training, 0, 0, 1, plan.examples_per_epoch, order);
  engine.begin_epoch(1);
  engine.begin_pass(order, true);
  Batches batches(order.size(), plan.batches);
  for (std::size_t i = 0; i < kWarmUpSteps; ++i) batches.start_next(engine);
  static_cast<void>(engine.finish());
  const std::size_t n_batches = plan.batches.n_batches(order.size());
  const Clock::time_point begin = Clock::now();
  std::size_t n = 0;
  while (n < kFewestSteps || (n < n_batches && Clock::now() - begin < kTrainingTime)) {
    batches.start_next(engine);
    ++n;
  }
  static_cast<void>(engine.finish());
  return Seconds(Clock::now() - begin).count() * static_cast<double>(n_batches) / static_cast<double>(n);
}

double seconds_of_validation(Engine& engine, const TrainingData& data) {
  const std::span<const std::uint32_t> all = data.split.validation;
  if (all.empty()) return 0.0;
  static_cast<void>(engine.evaluate(all.first(std::min(kEvaluationPoll, all.size()))));
  const Clock::time_point begin = Clock::now();
  std::size_t n = 0;
  while (n == 0 || (n < all.size() && Clock::now() - begin < kValidationTime)) {
    const auto part = all.subspan(n, std::min(kEvaluationPoll, all.size() - n));
    static_cast<void>(engine.evaluate(part));
    n += part.size();
  }
  return Seconds(Clock::now() - begin).count() * static_cast<double>(all.size()) / static_cast<double>(n);
}

}  // namespace

double time_of_epoch(Engine& engine, const TrainingData& data, const TrialPlan& plan) {
  return seconds_of_training(engine, data, plan) + seconds_of_validation(engine, data);
}

}  // namespace fmnist
