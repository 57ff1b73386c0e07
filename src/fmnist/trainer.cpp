#include "fmnist/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "tune/random.hpp"

namespace fmnist {
namespace {

/// Examples between two polls while evaluating: a few milliseconds.
constexpr std::size_t kEvaluationPoll = 2048;

/// Sums of a pass, batch by batch.
class Pass {
 public:
  explicit Pass(const PassProgress& from) : progress_(from) {}

  /// False when the pass must end.
  bool add(const BatchSums& sums, std::size_t n) {
    ++progress_.batches;
    progress_.loss += sums.loss;
    progress_.correct += sums.correct;
    progress_.examples += n;
    if (!std::isfinite(sums.loss)) end_ = PassEnd::kDiverged;
    return end_ == PassEnd::kDone;
  }

  [[nodiscard]] std::size_t n_batches() const { return progress_.batches; }

  PassResult stopped() {
    end_ = PassEnd::kStopped;
    return result();
  }

  [[nodiscard]] PassResult result() const {
    const auto n = static_cast<double>(std::max<std::size_t>(progress_.examples, 1));
    return {.end = end_,
            .loss = progress_.loss / n,
            .accuracy = static_cast<double>(progress_.correct) / n,
            .batch = progress_.batches,
            .progress = progress_};
  }

 private:
  PassEnd end_ = PassEnd::kDone;
  PassProgress progress_;
};

}  // namespace

std::size_t BatchPlan::n_batches(std::size_t n_examples) const {
  const bool leaves_one_out = skip_single && n_examples % batch_size == 1;
  return n_examples / batch_size + (n_examples % batch_size == 0 || leaves_one_out ? 0 : 1);
}

void shuffle_for_epoch(std::span<const std::uint32_t> sorted, std::uint64_t seed, std::uint64_t trial,
                       std::uint64_t epoch, std::size_t n_examples, std::vector<std::uint32_t>& order) {
  order.assign(sorted.begin(), sorted.end());
  tune::RandomStream stream({seed, trial, tune::Purpose::kShuffle, epoch});
  const std::size_t n_left = order.size() - n_examples;
  for (std::size_t n = order.size(); n > std::max<std::size_t>(n_left, 1); --n)
    std::swap(order[n - 1], order[stream.below(n)]);
  order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n_left));
}

PassResult train_epoch(Engine& engine, std::span<const std::uint32_t> order, const BatchPlan& plan,
                       const StopPoll& should_stop, const PassProgress& from, const LearningRate& lr) {
  Pass pass(from);
  for (std::size_t begin = from.examples; begin < order.size(); begin += plan.batch_size) {
    const std::size_t n = std::min(plan.batch_size, order.size() - begin);
    if (n == 1 && plan.skip_single) break;
    if (should_stop()) return pass.stopped();
    if (lr) engine.set_lr(lr(pass.n_batches()));
    if (!pass.add(engine.train_step(order.subspan(begin, n)), n)) break;
  }
  return pass.result();
}

PassResult evaluate(Engine& engine, std::span<const std::uint32_t> positions, const StopPoll& should_stop,
                    const PassProgress& from) {
  Pass pass(from);
  for (std::size_t begin = from.examples; begin < positions.size(); begin += kEvaluationPoll) {
    const std::size_t n = std::min(kEvaluationPoll, positions.size() - begin);
    if (should_stop()) return pass.stopped();
    if (!pass.add(engine.evaluate(positions.subspan(begin, n)), n)) break;
  }
  return pass.result();
}

}  // namespace fmnist
