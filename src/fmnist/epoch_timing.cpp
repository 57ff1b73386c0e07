#include "fmnist/epoch_timing.hpp"

#include <algorithm>
#include <chrono>

namespace fmnist {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kTrainingTime{0.3};
constexpr Seconds kValidationTime{0.1};
constexpr std::size_t kWarmUpSteps = 2;
constexpr std::size_t kFewestSteps = 3;
/// Examples evaluated at once, as a trial does it.
constexpr std::size_t kEvaluated = 2048;

/// The batches of an epoch, one after the other, and then again.
class Batches {
 public:
  Batches(const std::vector<std::uint32_t>& order, const BatchPlan& plan) : order_(order), plan_(plan) {}

  std::span<const std::uint32_t> next() {
    if (next_ == plan_.n_batches(order_.size())) next_ = 0;
    const std::size_t begin = next_++ * plan_.batch_size;
    return std::span(order_).subspan(begin, std::min(plan_.batch_size, order_.size() - begin));
  }

 private:
  const std::vector<std::uint32_t>& order_;
  const BatchPlan& plan_;
  std::size_t next_ = 0;
};

double seconds_of_training(Engine& engine, const TrainingData& data, const TrialPlan& plan) {
  std::vector<std::uint32_t> order;
  shuffle_for_epoch(data.split.training, 0, 0, 1, plan.examples_per_epoch, order);
  engine.begin_epoch(1);
  Batches batches(order, plan.batches);
  for (std::size_t i = 0; i < kWarmUpSteps; ++i) engine.train_step(batches.next());
  const std::size_t n_batches = plan.batches.n_batches(order.size());
  const Clock::time_point begin = Clock::now();
  std::size_t n = 0;
  while (n < kFewestSteps || (n < n_batches && Clock::now() - begin < kTrainingTime)) {
    engine.train_step(batches.next());
    ++n;
  }
  return Seconds(Clock::now() - begin).count() * static_cast<double>(n_batches) / static_cast<double>(n);
}

double seconds_of_validation(Engine& engine, const TrainingData& data) {
  const std::span<const std::uint32_t> all = data.split.validation;
  if (all.empty()) return 0.0;
  static_cast<void>(engine.evaluate(all.first(std::min(kEvaluated, all.size()))));
  const Clock::time_point begin = Clock::now();
  std::size_t n = 0;
  while (n == 0 || (n < all.size() && Clock::now() - begin < kValidationTime)) {
    const auto part = all.subspan(n, std::min(kEvaluated, all.size() - n));
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
