#include "fmnist/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fmnist/params.hpp"
#include "tune/error.hpp"

namespace fmnist {
namespace {

/// torch's defaults of OneCycleLR.
constexpr double kCycleRise = 0.3;
constexpr double kCycleFirst = 1.0 / 25.0;
constexpr double kCycleLast = kCycleFirst / 1e4;

/// From `first` to `last` along half a cosine, `t` in [0, 1].
double along_cosine(double first, double last, double t) {
  return last + (first - last) * (1.0 + std::cos(std::numbers::pi * t)) / 2.0;
}

/// The first of `n` batches has the first factor, batch 0.3·n − 1 is at the top and the last one has the last.
double cycle_factor(double batch, double n) {
  const double top = kCycleRise * n - 1.0;
  if (batch < top) return along_cosine(kCycleFirst, 1.0, batch / top);
  return along_cosine(1.0, kCycleLast, (batch - top) / (n - 1.0 - top));
}

double shape_factor(const ScheduleConfig& config, double epoch, double batch, double n) {
  switch (config.kind) {
    case ScheduleKind::kConstant:
      return 1.0;
    case ScheduleKind::kStep:
      return std::pow(config.gamma, std::floor(epoch / static_cast<double>(config.step_epochs)));
    case ScheduleKind::kCosine:
      return along_cosine(1.0, 0.0, batch / n);
    case ScheduleKind::kOneCycle:
      return cycle_factor(batch, n);
  }
  throw tune::InvalidArgument("unknown schedule");
}

}  // namespace

const Names<ScheduleKind>& schedule_names() {
  static const Names<ScheduleKind> kNames{{"constant", ScheduleKind::kConstant},
                                          {"step", ScheduleKind::kStep},
                                          {"cosine", ScheduleKind::kCosine},
                                          {"one_cycle", ScheduleKind::kOneCycle}};
  return kNames;
}

double lr_factor(const ScheduleConfig& config, const BatchPosition& position) {
  const auto per_epoch = static_cast<double>(position.batches_per_epoch);
  const auto batch = static_cast<double>(position.batch);
  const double n = per_epoch * static_cast<double>(position.epochs);
  const double shape = shape_factor(config, std::floor(batch / per_epoch), batch, n);
  if (config.warmup_epochs == 0.0) return shape;
  return shape * std::min(1.0, (batch + 1.0) / (config.warmup_epochs * per_epoch));
}

ScheduleConfig schedule_config(const tune::ParamValues& params) {
  ScheduleConfig config{.kind = get_named(params, "schedule", schedule_names()),
                        .warmup_epochs = get_float(params, "warmup_epochs"),
                        .step_epochs = get_int(params, "lr_step_epochs"),
                        .gamma = get_float(params, "lr_gamma")};
  if (config.step_epochs < 1) {
    throw tune::InvalidArgument(
        fmt::format("lr_step_epochs: expected at least 1, found {}", config.step_epochs));
  }
  return config;
}

}  // namespace fmnist
