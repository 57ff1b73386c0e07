#include "fmnist/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "fmnist/evaluation.hpp"
#include "tune/random.hpp"

namespace fmnist {
namespace {

/// A pass of an engine, batch by batch.
class Pass {
 public:
  Pass(Engine& engine, std::span<const std::uint32_t> positions, bool training, const PassProgress& from)
      : engine_(engine), progress_(from), n_batches_(from.batches) {
    engine_.begin_pass(positions, training);
  }

  /// False when the pass must end.
  bool start(std::size_t begin, std::size_t n) {
    engine_.start(begin, n);
    started_.push_back(n);
    ++n_batches_;
    return started_.size() < engine_.starts_ahead() || finish();
  }

  /// Batches begun so far, in an earlier part of the pass too.
  [[nodiscard]] std::size_t n_batches() const { return n_batches_; }

  PassResult stopped() {
    if (finish()) end_ = PassEnd::kStopped;
    return result();
  }

  PassResult done() {
    if (end_ == PassEnd::kDone) finish();
    return result();
  }

 private:
  /// Adds what was started, up to a batch whose loss is not finite; false when there is one.
  bool finish() {
    const std::vector<BatchSums> sums = engine_.finish();
    for (std::size_t i = 0; i < started_.size() && end_ == PassEnd::kDone; ++i) {
      ++progress_.batches;
      progress_.loss += sums.at(i).loss;
      progress_.correct += sums[i].correct;
      progress_.examples += started_[i];
      if (!std::isfinite(sums[i].loss)) end_ = PassEnd::kDiverged;
    }
    started_.clear();
    return end_ == PassEnd::kDone;
  }

  [[nodiscard]] PassResult result() const {
    const auto n = static_cast<double>(std::max<std::size_t>(progress_.examples, 1));
    return {.end = end_,
            .loss = progress_.loss / n,
            .accuracy = static_cast<double>(progress_.correct) / n,
            .batch = progress_.batches,
            .progress = progress_};
  }

  Engine& engine_;
  PassEnd end_ = PassEnd::kDone;
  PassProgress progress_;  ///< Of the batches whose sums are known.
  std::size_t n_batches_;
  std::vector<std::size_t> started_;  ///< Examples of each of the others.
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
  Pass pass(engine, order, true, from);
  for (std::size_t begin = from.examples; begin < order.size(); begin += plan.batch_size) {
    const std::size_t n = std::min(plan.batch_size, order.size() - begin);
    if (n == 1 && plan.skip_single) break;
    if (should_stop()) return pass.stopped();
    if (lr) engine.set_lr(lr(pass.n_batches()));
    if (!pass.start(begin, n)) break;
  }
  return pass.done();
}

PassResult evaluate(Engine& engine, std::span<const std::uint32_t> positions, const StopPoll& should_stop,
                    const PassProgress& from) {
  Pass pass(engine, positions, false, from);
  for (std::size_t begin = from.examples; begin < positions.size(); begin += kEvaluationPoll) {
    const std::size_t n = std::min(kEvaluationPoll, positions.size() - begin);
    if (should_stop()) return pass.stopped();
    if (!pass.start(begin, n)) break;
  }
  return pass.done();
}

}  // namespace fmnist
