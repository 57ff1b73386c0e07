#include "fmnist/engine_choice.hpp"

#include <gtest/gtest.h>

#include "fmnist/families/family.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/tile_kernels.hpp"
#include "fmnist/torch_part.hpp"
#include "train/support.hpp"
#include "tune/error.hpp"

namespace {

using namespace train_test;
using fmnist::without_libtorch;

tune::ParamValues family(const char* name) {
  return {{"family", std::string(name)}};
}

TEST(EngineChoice, OnlyStudiesOfDenseNetworksOnTheCpuDoWithoutLibTorch) {
  const bool has_library = fmnist::dnnl_gemm() != nullptr;
  EXPECT_EQ(without_libtorch("auto", family("mlp"), {"cpu"}), has_library);
  EXPECT_EQ(without_libtorch("gemm", family("mlp"), {"cpu"}), has_library);
  EXPECT_FALSE(without_libtorch("autograd", family("mlp"), {"cpu"}));
  EXPECT_FALSE(without_libtorch("auto", family("mlp"), {"cpu", "cuda:0"}));
  EXPECT_FALSE(without_libtorch("auto", family("cnn"), {"cpu"}));
  EXPECT_FALSE(without_libtorch("auto", {}, {"cpu"})) << "the family is searched";
}

TEST(EngineChoice, OnlyTheEngineWrittenByHandRoundsToBf16) {
  fmnist::EngineConfig dense;
  dense.network = fmnist::build_network(params_with({}), {1, 28, 28}, 10);
  dense.precision = fmnist::Precision::kBf16;
  const std::string name = std::string("gemm (bf16, ") + fmnist::tile_kernels().front()->name + ")";
  EXPECT_EQ(fmnist::engine_name("auto", dense, "cpu"), name);
  EXPECT_EQ(fmnist::engine_name("gemm", dense, "cpu"), name);
  fmnist::EngineConfig cnn = dense;
  cnn.network = fmnist::build_network(params_with({{"family", std::string("cnn")}}), {1, 28, 28}, 10);
  const auto says_why = [](const std::string& setting, const fmnist::EngineConfig& config, const char* device) {
    return mentions(error_of([&] { (void)fmnist::engine_name(setting, config, device); }),
                    {"precision", "fp32", "bf16", "dense"});
  };
  EXPECT_TRUE(says_why("autograd", dense, "cpu"));
  EXPECT_TRUE(says_why("tensor", dense, "cpu"));
  EXPECT_TRUE(says_why("auto", dense, "cuda:0"));
  EXPECT_TRUE(says_why("auto", cnn, "cpu"));
  tune::ParamValues bf16 = family("mlp");
  bf16["precision"] = std::string("bf16");
  EXPECT_TRUE(without_libtorch("auto", bf16, {"cpu"}));
  EXPECT_TRUE(fmnist::may_be_bf16(bf16));
  EXPECT_TRUE(fmnist::may_be_bf16(family("mlp"))) << "the precision is searched";
  bf16["precision"] = std::string("fp32");
  EXPECT_FALSE(fmnist::may_be_bf16(bf16));
}

TEST(EngineChoice, NamesWhoseProductsTheyAre) {
  const auto name = [](std::size_t max_batch) {
    fmnist::EngineConfig config;
    config.network = fmnist::build_network(params_with(family("mlp")), {1, 28, 28}, 10);
    config.max_batch = max_batch;
    return fmnist::engine_name("gemm", config, "cpu");
  };
  const std::string of_study = fmnist::engine_name("gemm", tune::ParamValues{}, "cpu");
  EXPECT_EQ(name(32), of_study);
  const std::string library = fmnist::dnnl_gemm() != nullptr ? "oneDNN)" : "LibTorch)";
  if (fmnist::product_kernels() == nullptr) {
    EXPECT_EQ(of_study, "gemm (" + library);
    return;
  }
  const fmnist::TileKernels* tiles = fmnist::piece_kernels(32);
  EXPECT_EQ(name(32), "gemm (own, " + (tiles != nullptr ? std::string(tiles->name) + ", " : "") + library);
  EXPECT_EQ(name(31), "gemm (own, " + library) << "small batches do without tiles";
}

TEST(EngineChoice, IsByHandForDenseNetworksAndByDevice) {
  const auto network = [](const char* name) {
    fmnist::EngineConfig config;
    config.network = fmnist::build_network(params_with(family(name)), {1, 28, 28}, 10);
    return config;
  };
  const std::string gemm = fmnist::engine_name("gemm", tune::ParamValues{}, "cpu");
  const auto mlp = network("mlp"), cnn = network("cnn");
  EXPECT_EQ(fmnist::engine_name("auto", mlp, "cpu"), gemm);
  EXPECT_EQ(fmnist::engine_name("auto", cnn, "cpu"), "autograd");
  EXPECT_EQ(fmnist::engine_name("auto", mlp, "cuda:0"), "tensor");
  EXPECT_EQ(fmnist::engine_name("auto", cnn, "cuda:0"), "autograd");
  // What a study says of itself must be able to train all of its networks.
  EXPECT_EQ(fmnist::engine_name("auto", family("mlp"), "cpu"), gemm);
  EXPECT_EQ(fmnist::engine_name("auto", tune::ParamValues{}, "cpu"), gemm) << "the family is searched";
  EXPECT_EQ(fmnist::engine_name("auto", family("cnn"), "cpu"), "autograd");
  EXPECT_EQ(fmnist::engine_name("auto", family("mlp"), "cuda:0"), "tensor");
  EXPECT_EQ(fmnist::engine_name("auto", family("cnn"), "cuda:0"), "autograd");
  EXPECT_EQ(fmnist::engine_name("auto", tune::ParamValues{}, "cuda:0"), "autograd") << "the family is searched";
  EXPECT_EQ(fmnist::engine_name("tensor", family("mlp"), "cuda:0"), "tensor");
  for (const char* device : {"cpu", "cuda:0"}) {
    EXPECT_EQ(fmnist::engine_name("tensor", mlp, device), "tensor");
    EXPECT_EQ(fmnist::engine_name("autograd", mlp, device), "autograd");
  }
  EXPECT_FALSE(without_libtorch("tensor", family("mlp"), {"cpu"}));
}

TEST(EngineChoice, RefusesByHandWhatIsNotDense) {
  fmnist::EngineConfig config;
  config.network = fmnist::build_network(params_with(family("cnn")), {1, 28, 28}, 10);
  const auto data = made_up_data(20, 784, 10, 28);
  for (const char* setting : {"gemm", "tensor"})
    EXPECT_THROW((void)fmnist::make_engine(setting, data, config, "cpu"), tune::InvalidArgument) << setting;
}

TEST(TorchPart, ComputesAsWhatItIsMadeOf) {
  EXPECT_NE(fmnist::torch_part().cpu_capability(), "");
  fmnist::torch_part().use_one_thread();
  const std::vector<float> a{1, 2, 3, 4};
  std::vector<float> c(4);
  fmnist::torch_part().gemm(false, true, 2, 2, 2, a.data(), 2, a.data(), 2, 0.0F, c.data(), 2);
  EXPECT_EQ(c, (std::vector<float>{5, 11, 11, 25}));
}

TEST(TorchPart, SaysLibTorchsErrorsAsOurs) {
  fmnist::EngineConfig config;
  config.network = fmnist::build_network(params_with({{"family", std::string("cnn")}}), {1, 28, 28}, 10);
  const auto data = made_up_data(20, 784, 10, 28);
  EXPECT_THROW((void)fmnist::torch_part().make_engine(data, config, "cuda:99"), tune::Error);
  EXPECT_THROW((void)fmnist::torch_part().make_tensor_engine(data, config, "cuda:99"), tune::Error);
  EXPECT_THROW((void)fmnist::torch_part().make_engine(data, config, "nowhere"), tune::Error);
}

}  // namespace
