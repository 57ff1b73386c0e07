#include "cli/run/memory_mark.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>

#include <nlohmann/json.hpp>

#include "tune/storages/in_memory.hpp"

namespace fmnist_tune {
namespace {

class MarkedStudy : public testing::Test {
 protected:
  void finish(std::int64_t number, tune::TrialState state, const char* reason) {
    tune::FrozenTrial trial;
    trial.number = {number};
    trial.state = state;
    trial.system_attrs[std::string(tune::kReasonKey)] = nlohmann::json(reason).dump();
    mark_.on_finish(trial, {});
  }

  std::string kept() const {
    const auto attributes = storage_->find_study("study").value().system_attrs;
    const auto found = attributes.find(kNotReproducibleKey);
    return found == attributes.end() ? "" : found->second;
  }

  std::shared_ptr<tune::Storage> storage_ = tune::make_in_memory_storage();
  tune::StudyId study_ = storage_->create_study({"study", {tune::Direction::kMinimize}, {}, {}});
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
  MemoryMark mark_{storage_, study_, log_};
};

TEST_F(MarkedStudy, SaysWhichTrialFirstLackedMemory) {
  finish(3, tune::TrialState::kFail, "CUDA out of memory. Tried to allocate 2 GiB");
  finish(4, tune::TrialState::kFail, "out of memory");
  EXPECT_EQ(nlohmann::json::parse(kept()),
            (nlohmann::json{{"trial", 3}, {"reason", "CUDA out of memory. Tried to allocate 2 GiB"}}));
}

TEST_F(MarkedStudy, IsNotMarkedForWhatWouldHappenAgain) {
  finish(1, tune::TrialState::kFail, "batch_size: expected 1 to 10, found 20");
  finish(2, tune::TrialState::kPruned, "out of memory is only what somebody called it");
  EXPECT_EQ(kept(), "");
}

}  // namespace
}  // namespace fmnist_tune
