#pragma once

#include <cstddef>
#include <cstdint>

#include "fmnist/names.hpp"
#include "tune/search_space.hpp"

namespace fmnist {

/// How the learning rate changes from batch to batch. t is the share of the training that is done, in [0, 1).
/// No schedule changes anything but the learning rate.
enum class ScheduleKind : std::uint8_t {
  kConstant,
  kStep,      ///< Times `gamma` after every `step_epochs` epochs, as torch's StepLR.
  kCosine,    ///< Times (1 + cos πt) / 2, as torch's CosineAnnealingLR down to 0, batch by batch.
  kOneCycle,  ///< From 1/25 up to 1 at t = 0.3, down to 1/250,000, both along a cosine: the rates of torch's
              ///< OneCycleLR without its cycle of momentum.
};

[[nodiscard]] const Names<ScheduleKind>& schedule_names();

struct ScheduleConfig {
  ScheduleKind kind = ScheduleKind::kConstant;
  double warmup_epochs =
      0.0;  ///< In these epochs, or parts of one, also times a factor that grows linearly to 1.
  std::int64_t step_epochs = 10;
  double gamma = 0.1;

  /// Whether every batch has the same rate.
  [[nodiscard]] bool is_constant() const { return kind == ScheduleKind::kConstant && warmup_epochs == 0.0; }
};

/// A batch of a training.
struct BatchPosition {
  std::size_t batch = 0;  ///< Of the whole training, from 0.
  std::size_t batches_per_epoch = 1;
  std::int64_t epochs = 1;  ///< Of the whole training.
};

/// What the learning rate is multiplied by in that batch, in [0, 1].
[[nodiscard]] double lr_factor(const ScheduleConfig& config, const BatchPosition& position);

/// From a trial's parameters. Throws InvalidArgument when one is missing, of another type or unknown.
[[nodiscard]] ScheduleConfig schedule_config(const tune::ParamValues& params);

}  // namespace fmnist
