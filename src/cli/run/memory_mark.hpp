#pragma once

#include <spdlog/logger.h>

#include <memory>
#include <mutex>

#include "tune/executor.hpp"
#include "tune/storages/storage.hpp"

namespace fmnist_tune {

/// System attribute of a reproducible study that is none any more: a JSON object with the first `trial` that
/// lacked memory, and its `reason`.
inline constexpr const char* kNotReproducibleKey = "tune:not_reproducible";

/// Marks a reproducible study in which a trial failed for lack of memory, which depends on what else the
/// machine did: run again, the study may come out otherwise. The mark stays; the run goes on and says so once.
class MemoryMark final : public tune::RunObserver {
 public:
  MemoryMark(std::shared_ptr<tune::Storage> storage, tune::StudyId study, spdlog::logger& log);

  void on_finish(const tune::FrozenTrial& trial, const tune::DeviceSlot& slot) override;

 private:
  std::mutex mutex_;  ///< Trials end in several threads.
  std::shared_ptr<tune::Storage> storage_;
  tune::StudyId study_;
  spdlog::logger& log_;
  bool is_marked_ = false;
};

}  // namespace fmnist_tune
