#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fmnist/dataset.hpp"
#include "tune/objective.hpp"

namespace train_test {

/// A folder that goes with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The bytes of an IDX file of unsigned bytes.
std::vector<std::uint8_t> idx_bytes(const std::vector<std::uint32_t>& sizes,
                                    const std::vector<std::uint8_t>& data);
/// An archive of one member.
std::vector<std::uint8_t> gzip_bytes(const std::vector<std::uint8_t>& bytes);
void write_file(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes);
/// Training images of 2 x 3 pixels and labels, as a data set's folder has them.
void write_small_set(const std::filesystem::path& folder, const std::vector<std::uint8_t>& labels);

/// What `action` throws, as text; empty when it throws nothing.
std::string error_of(const std::function<void()>& action);

/// Whether all of these stand in `text`.
testing::AssertionResult mentions(const std::string& text, const std::vector<std::string>& parts);

/// `n` made-up examples whose pixels tell the class, a fifth of them for validation. `height` divides
/// `features`.
std::shared_ptr<const fmnist::TrainingData> made_up_data(std::size_t n, std::size_t features,
                                                         std::size_t n_classes, std::size_t height = 1);
/// Fashion-MNIST from the Debian package, read once.
std::shared_ptr<const fmnist::TrainingData> fashion_mnist(std::size_t n_training, std::size_t n_validation);

/// The manifest's defaults with these on top, as the executor hands them to a trial.
tune::ParamValues params_with(const tune::ParamValues& given);
tune::ObjectiveConfig config_with(const tune::ParamValues& settings,
                                  std::vector<std::string> metrics = {"validation_accuracy"});

/// A trial without a study; its checkpoint stays in memory.
class FakeTrial final : public tune::TrialContext, private tune::CheckpointStore {
 public:
  explicit FakeTrial(tune::ParamValues params, std::uint64_t trial = 0)
      : params_(std::move(params)), trial_(trial) {}

  tune::TrialNumber number() const override { return {static_cast<std::int64_t>(trial_)}; }
  const tune::ParamValues& params() const override { return params_; }
  const tune::DeviceSlot& slot() const override { return on; }
  std::uint64_t training_seed() const override { return 7; }
  std::uint64_t training_trial() const override { return trial_; }
  tune::StopReason stop_reason() const noexcept override {
    return ++polls_ > stop_after_polls ? stop_with : tune::StopReason::kNone;
  }
  void report(double value, std::int64_t step) override {
    reports.push_back({step, value});
    if (on_report) on_report();
  }
  bool should_prune() override { return static_cast<std::int64_t>(reports.size()) >= prune_after_reports; }
  void set_user_attr(std::string key, std::string json) override { attrs[std::move(key)] = std::move(json); }
  tune::CheckpointStore& checkpoints() override { return *this; }

  tune::DeviceSlot on;
  std::vector<tune::IntermediateValue> reports;
  std::function<void()> on_report;  ///< Called in each.
  tune::Attributes attrs;
  std::int64_t prune_after_reports = 1 << 20;
  std::optional<tune::Checkpoint> checkpoint;
  /// Infinite: no checkpoints.
  std::chrono::duration<double> checkpoint_interval{std::numeric_limits<double>::infinity()};
  std::vector<std::string> refusals;  ///< Why a checkpoint was not taken.
  int n_saves = 0;
  std::int64_t stop_after_polls = 1 << 30;
  tune::StopReason stop_with = tune::StopReason::kInterrupted;

 private:
  std::chrono::duration<double> interval() const override { return checkpoint_interval; }
  bool resume(const Take& take) override;
  bool save(const tune::Checkpoint& given) override {
    ++n_saves;
    checkpoint = given;
    return true;
  }

  tune::ParamValues params_;
  std::uint64_t trial_;
  mutable std::int64_t polls_ = 0;
};

}  // namespace train_test
