#include "cli/run/memory_mark.hpp"

#include <utility>

#include "cli/output/json.hpp"

namespace fmnist_tune {
namespace {

/// What the executor says of memory that the processor has not got, and LibTorch of a GPU's.
constexpr std::string_view kLack = "out of memory";

std::string reason_of(const tune::FrozenTrial& trial) {
  const auto stored = trial.system_attrs.find(tune::kReasonKey);
  const Json reason = stored == trial.system_attrs.end() ? Json() : json_of_attribute(stored->second);
  return reason.is_string() ? reason.get<std::string>() : std::string();
}

}  // namespace

MemoryMark::MemoryMark(std::shared_ptr<tune::Storage> storage, tune::StudyId study, spdlog::logger& log)
    : storage_(std::move(storage)), study_(study), log_(log) {}

void MemoryMark::on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot&) {
  if (trial.state != tune::TrialState::kFail) return;
  const std::string reason = reason_of(trial);
  if (reason.find(kLack) == std::string::npos) return;
  const std::scoped_lock lock(mutex_);
  if (std::exchange(is_marked_, true)) return;
  const Json mark = {{"trial", trial.number.value}, {"reason", reason}};
  storage_->set_study_attributes(study_, tune::AttributeKind::kSystem, {{kNotReproducibleKey, mark.dump()}});
  log_.warn("trial {} lacked memory: run again, this study may come out otherwise; it is marked so ({})",
            trial.number.value, kNotReproducibleKey);
}

}  // namespace fmnist_tune
