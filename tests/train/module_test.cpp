#include <dlfcn.h>
#include <gtest/gtest.h>

#include "fmnist/manifest.hpp"
#include "train/support.hpp"

namespace {

using namespace train_test;

const tune::ObjectiveModule* load_module() {
  void* library = dlopen(TUNE_FMNIST_MODULE, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  if (library == nullptr) return nullptr;
  return static_cast<const tune::ObjectiveModule*>(dlsym(library, tune::ObjectiveModule::kSymbol));
}

TEST(Module, OffersItsManifestAndDevicesThroughTheDoor) {
  const auto* module = load_module();
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->abi_version, tune::ObjectiveModule::kAbiVersion);
  EXPECT_EQ(module->manifest().type, "fmnist");
  EXPECT_EQ(module->manifest().parameters.size(), fmnist::manifest().parameters.size());
  EXPECT_EQ(module->devices().front(), "cpu");
}

TEST(Module, TrainsOnADataSetOfTheUsersOwn) {
  const auto* module = load_module();
  ASSERT_NE(module, nullptr);
  const TempDir dir;
  write_small_set(dir.path() / "mine", {0, 1, 0, 1, 0, 1, 0, 1});
  auto config = config_with({{"dataset", std::string("mine")},
                             {"classes", std::int64_t{2}},
                             {"validation_examples", std::int64_t{2}},
                             {"epochs", std::int64_t{2}}});
  config.data_dir = dir.path();
  const auto objective = module->create(config);
  objective->prepare_worker({});
  FakeTrial trial(params_with({{"batch_size", std::int64_t{3}}}));
  EXPECT_EQ(objective->run(trial).values.size(), 1U);
  EXPECT_EQ(trial.reports.size(), 2U);
}

TEST(Module, ThrowsErrorsThatTheProgramUnderstands) {
  const auto* module = load_module();
  ASSERT_NE(module, nullptr);
  const TempDir dir;
  auto config = config_with({});
  config.data_dir = dir.path();
  EXPECT_NE(error_of([&] { (void)module->create(config); }), "");
}

}  // namespace
