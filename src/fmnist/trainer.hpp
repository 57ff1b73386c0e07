#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fmnist/engine.hpp"

namespace fmnist {

/// Asked before every batch; true ends the pass.
using StopPoll = std::function<bool()>;

enum class PassEnd : std::uint8_t {
  kDone,
  kStopped,   ///< The poll said so.
  kDiverged,  ///< The loss of batch `batch` is NaN or infinite.
};

/// How far a pass has come: what the rest of it needs to give the same sums.
struct PassProgress {
  std::size_t examples = 0;  ///< Seen so far, from the front.
  std::size_t batches = 0;
  double loss = 0.0;  ///< Sums over those examples.
  std::int64_t correct = 0;

  friend bool operator==(const PassProgress&, const PassProgress&) = default;
};

/// One pass over examples. Means are over the examples seen; valid when the pass is done.
struct PassResult {
  PassEnd end = PassEnd::kDone;
  double loss = 0.0;      ///< Mean, in nats.
  double accuracy = 0.0;  ///< In [0, 1].
  std::size_t batch = 0;  ///< Where it ended, from 1.
  PassProgress progress{};
};

/// How a training pass is cut into batches.
struct BatchPlan {
  std::size_t batch_size = 128;
  /// Batch norm has no variance over one example: a last batch of one is left out then.
  bool skip_single = false;

  /// In an epoch of that many examples.
  [[nodiscard]] std::size_t n_batches(std::size_t n_examples) const;
};

/// The learning rate of a batch of the pass, from 0; nothing: that of the engine.
using LearningRate = std::function<double(std::size_t batch)>;

/// Puts `n_examples` of the positions into the order of an epoch (from 1): Fisher–Yates from sorted order with
/// the stream (seed, trial, kShuffle, epoch), so that an epoch's order does not depend on the one before. At
/// most all of them.
void shuffle_for_epoch(std::span<const std::uint32_t> sorted, std::uint64_t seed, std::uint64_t trial,
                       std::uint64_t epoch, std::size_t n_examples, std::vector<std::uint32_t>& order);

/// Trains on `order`, front to back; the last batch may be smaller. Loss and accuracy are those before each
/// step. A pass that was stopped goes on from its progress.
[[nodiscard]] PassResult train_epoch(Engine& engine, std::span<const std::uint32_t> order,
                                     const BatchPlan& plan, const StopPoll& should_stop,
                                     const PassProgress& from = {}, const LearningRate& lr = {});

/// Loss and accuracy without training.
[[nodiscard]] PassResult evaluate(Engine& engine, std::span<const std::uint32_t> positions,
                                  const StopPoll& should_stop, const PassProgress& from = {});

}  // namespace fmnist
