#include "train/engines.hpp"

#include <gtest/gtest.h>

#include "fmnist/product_kernels.hpp"
#include "fmnist/tile_kernels.hpp"
#include "train/random_networks.hpp"
#include "train/support.hpp"

namespace fmnist {

void PrintTo(const ProductKernels* /*kernels*/, std::ostream* out) {
  *out << "AVX-512";
}

void PrintTo(const PairKernels* /*kernels*/, std::ostream* out) {
  *out << "AVX512_BF16";
}

}  // namespace fmnist

namespace train_test {

using fmnist::EngineConfig;
using Data = std::shared_ptr<const fmnist::TrainingData>;

namespace {

MakeEngine over(fmnist::Gemm gemm) {
  return [gemm](const Data& data, const EngineConfig& config) {
    return fmnist::make_gemm_engine(data, config, gemm);
  };
}

constexpr std::size_t kLargeBatch = 128;

std::vector<NamedEngine> all_gemm_engines() {
  std::vector<NamedEngine> engines{{"gemm over LibTorch", over(fmnist::aten_gemm())}};
  if (fmnist::dnnl_gemm() != nullptr) engines.push_back({"gemm over oneDNN", over(fmnist::dnnl_gemm())});
  if (fmnist::product_kernels() != nullptr) {
    engines.push_back({"gemm in lanes alone", [](const Data& data, const EngineConfig& config) {
                         return fmnist::make_lane_engine(data, config, {fmnist::product_kernels(), nullptr});
                       }});
    const fmnist::Gemm library = fmnist::dnnl_gemm() != nullptr ? fmnist::dnnl_gemm() : fmnist::aten_gemm();
    // Images in lanes too, or in pieces with each set; last what is fastest.
    std::vector<const fmnist::TileKernels*> of_wide(fmnist::tile_kernels().rbegin(),
                                                    fmnist::tile_kernels().rend());
    of_wide.insert(fmnist::piece_kernels(kLargeBatch) != nullptr ? of_wide.begin() : of_wide.end(), nullptr);
    for (const fmnist::TileKernels* tiles : of_wide) {
      const std::string products = tiles != nullptr ? tiles->name : "lanes";
      engines.push_back(
          {"gemm in lanes, wide layers in " + products,
           [tiles, library](const Data& data, const EngineConfig& config) {
             return fmnist::make_lane_engine(data, config, {fmnist::product_kernels(), library, tiles});
           }});
    }
  }
  return engines;
}

std::vector<NamedEngine> all_cpu_engines() {
  std::vector<NamedEngine> engines = gemm_engines();
  engines.push_back({"bf16", [](const Data& data, const EngineConfig& config) {
                       return fmnist::make_tile_engine(data, config, *fmnist::tile_kernels().front());
                     }});
  engines.push_back({"tensor", [](const Data& data, const EngineConfig& config) {
                       return fmnist::make_tensor_engine(data, config, "cpu");
                     }});
  engines.push_back({"autograd", [](const Data& data, const EngineConfig& config) {
                       return fmnist::make_autograd_engine(data, config, "cpu");
                     }});
  return engines;
}

}  // namespace

const std::vector<NamedEngine>& gemm_engines() {
  static const std::vector<NamedEngine> engines = all_gemm_engines();
  return engines;
}

const std::vector<NamedEngine>& cpu_engines() {
  static const std::vector<NamedEngine> engines = all_cpu_engines();
  return engines;
}

std::vector<const fmnist::ProductKernels*> lane_kernels() {
  if (fmnist::product_kernels() == nullptr) return {};
  return {fmnist::product_kernels()};
}

std::vector<const fmnist::PairKernels*> pair_kernels() {
  std::vector<const fmnist::PairKernels*> sets;
  for (const fmnist::TileKernels* tiles : fmnist::tile_kernels()) {
    if (tiles->pairs != nullptr) sets.push_back(tiles->pairs);
  }
  return sets;
}

void expect_evaluates_as_autograd(const MakeEngine& make) {
  const auto data = made_up_data(400, 40, 5);
  for (std::uint64_t n = 0; n < 14; ++n) {
    const EngineConfig config = random_network(n);
    const auto reference = fmnist::make_autograd_engine(data, config, "cpu");
    const auto engine = make(data, config);
    for (int step = 0; step < 5; ++step) {
      (void)reference->train_step(first_positions(config.max_batch));
      (void)engine->train_step(first_positions(config.max_batch));
    }
    const auto expected = reference->evaluate(first_positions(400));
    const auto sums = engine->evaluate(first_positions(400));
    EXPECT_NEAR(sums.loss / expected.loss, 1.0, 1e-4) << "network " << n;
    EXPECT_NEAR(static_cast<double>(sums.correct), static_cast<double>(expected.correct), 2.0)
        << "network " << n;
  }
}

}  // namespace train_test
