#include "command/devices.hpp"

#include <gtest/gtest.h>

namespace command {
namespace {

const std::vector<std::string> kTwo = {"0", "1"};

TEST(CommandDevices, AreThoseThatTheDriverShows) {
  EXPECT_EQ(visible_devices(kTwo, nullptr), kTwo);
  EXPECT_TRUE(visible_devices({}, nullptr).empty());
  EXPECT_EQ(available_devices().front(), "cpu");
}

TEST(CommandDevices, AreCutDownToThoseThatThisProcessMayUse) {
  EXPECT_EQ(visible_devices(kTwo, "1"), std::vector<std::string>{"1"});
  EXPECT_EQ(visible_devices(kTwo, "1,0"), (std::vector<std::string>{"1", "0"}));
  EXPECT_EQ(visible_devices(kTwo, "GPU-8932f937"), std::vector<std::string>{"GPU-8932f937"});
  EXPECT_EQ(visible_devices(kTwo, "0,-1,1"), std::vector<std::string>{"0"});
  EXPECT_TRUE(visible_devices(kTwo, "").empty());
  EXPECT_TRUE(visible_devices({}, "0").empty());
}

TEST(CommandDevices, AProgramSeesTheDeviceOfItsSlotAndNoOther) {
  EXPECT_EQ(device_environment("cuda:1", {"3", "GPU-8932f937"}).at("CUDA_VISIBLE_DEVICES"), "GPU-8932f937");
  EXPECT_EQ(device_environment("cuda:0", {"3"}).at("CUDA_VISIBLE_DEVICES"), "3");
  EXPECT_EQ(device_environment("cpu", {"3"}).at("CUDA_VISIBLE_DEVICES"), "");
}

}  // namespace
}  // namespace command
