// One epoch of 60,000 images of Fashion-MNIST for dense networks of several shapes, with Adam and dropout 0.2,
// held against the least time that the arithmetic alone takes on this core:
//
//   n·F / peak + steps·P·0.2 ns + 8 ms,  F = 4·784·h + 6·((D − 1)·h² + 10·h) operations an example,
//
// of D hidden layers of h units with P parameters. The peak is that of a product of two square matrices,
// measured before each epoch: processors change their speed. Counters, medians over the epochs: `gflops_peak`;
// `ratio`, the time divided by the least time; `adam_ns`, what Adam takes a parameter here by itself, measured
// like the peak; `ratio_adam`, the time divided by the least time with that in place of the 0.2 ns. Shapes end
// in /bf16 where the products multiply numbers rounded to bfloat16; they are held against the same least time,
// that of floats. Those that end in /lanes have all products in lanes (or from the library, where layers are
// large), also where trials have those of images and wide layers on a matrix unit; those that end in /library
// from oneDNN or, without it, LibTorch.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fmnist/compute.hpp"
#include "fmnist/dataset.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/engine_choice.hpp"
#include "fmnist/environment.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/flush_denormals.hpp"
#include "fmnist/optimizer.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/trainer.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr double kPixels = 784.0;
constexpr double kClasses = 10.0;
constexpr double kSecondsAParameter = 0.2e-9;  // Of the optimizer, in a step.
constexpr double kSecondsAnEpoch = 8e-3;

constexpr int kEpochs = 7;  // Of each shape.

struct Shape {
  std::size_t depth;
  std::size_t width;
  std::size_t batch;
  std::string products;  ///< Empty: as trials have them.
};

std::shared_ptr<const fmnist::TrainingData> data() {
  static const auto loaded = fmnist::without_validation(*fmnist::load_training_data({}));
  return loaded;
}

fmnist::Gemm gemm() {
  return fmnist::dnnl_gemm() != nullptr ? fmnist::dnnl_gemm() : fmnist::aten_gemm();
}

/// Operations a second of the best of some products.
double measured_peak() {
  constexpr std::size_t kSide = 1024;
  constexpr int kProducts = 4;
  static const std::vector<float> a(kSide * kSide, 0.5F);
  static const std::vector<float> b(kSide * kSide, 0.25F);
  static std::vector<float> c(kSide * kSide);
  double best = 0.0;
  for (int i = 0; i < kProducts; ++i) {
    const auto begin = Clock::now();
    gemm()(false, false, kSide, kSide, kSide, a.data(), kSide, b.data(), kSide, 0.0F, c.data(), kSide);
    benchmark::DoNotOptimize(c.data());
    const double operations = 2.0 * kSide * kSide * kSide;
    best = std::max(best, operations / Seconds(Clock::now() - begin).count());
  }
  return best;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Seconds a parameter of the best of some steps of Adam, one after the other.
double measured_adam(std::size_t n_parameters) {
  constexpr int kSteps = 10;
  std::vector<float> parameters(n_parameters, 0.5F);
  const std::vector<float> gradients(n_parameters, 0.25F);
  fmnist::FlatOptimizer adam({}, n_parameters);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kSteps; ++i) {
    const auto begin = Clock::now();
    adam.step(parameters, gradients);
    benchmark::DoNotOptimize(parameters.data());
    least = std::min(least, Seconds(Clock::now() - begin).count());
  }
  return least / static_cast<double>(n_parameters);
}

/// What the processor was found to do.
struct Speed {
  double operations;           ///< A second.
  double seconds_a_parameter;  ///< Of the optimizer, in a step.
};

double floor_seconds(const Shape& shape, std::size_t n_parameters, const Speed& speed) {
  const auto h = static_cast<double>(shape.width);
  const double further = static_cast<double>(shape.depth - 1) * h * h;
  const auto n = static_cast<double>(data()->split.training.size());
  const auto steps =
      static_cast<double>(fmnist::BatchPlan{shape.batch}.n_batches(data()->split.training.size()));
  const double operations = 4.0 * kPixels * h + 6.0 * (further + kClasses * h);
  return n * operations / speed.operations +
         steps * static_cast<double>(n_parameters) * speed.seconds_a_parameter + kSecondsAnEpoch;
}

std::unique_ptr<fmnist::Engine> engine_of(const std::string& products, const fmnist::EngineConfig& config) {
  if (products == "library") return fmnist::make_gemm_engine(data(), config, gemm());
  if (products == "lanes") return fmnist::make_lane_engine(data(), config, {fmnist::product_kernels(), gemm()});
  return fmnist::make_engine("gemm", data(), config, "cpu");
}

void epoch(benchmark::State& state, const Shape& shape) {
  fmnist::use_one_thread();
  const fmnist::FlushDenormals flush;  // As trials do.
  const std::vector<std::int64_t> widths(shape.depth, static_cast<std::int64_t>(shape.width));
  fmnist::EngineConfig config;
  config.network = fmnist::dense_network({.widths = widths, .dropout = std::vector(shape.depth, 0.2)}, 784, 10);
  config.max_batch = shape.batch;
  if (shape.products == "bf16") config.precision = fmnist::Precision::kBf16;
  const auto engine = engine_of(shape.products, config);
  std::vector<std::uint32_t> order;
  const std::size_t n_parameters = config.network.parameter_count();
  std::vector<double> peaks;
  std::vector<double> adams;
  std::vector<double> ratios;
  std::vector<double> adam_ratios;
  std::uint64_t number = 0;
  for (auto _ : state) {
    peaks.push_back(measured_peak());
    adams.push_back(measured_adam(n_parameters));
    const auto begin = Clock::now();
    engine->begin_epoch(++number);
    fmnist::shuffle_for_epoch(data()->split.training, 1, 2, number, data()->split.training.size(), order);
    benchmark::DoNotOptimize(fmnist::train_epoch(*engine, order, {shape.batch, false}, [] { return false; }));
    const double seconds = Seconds(Clock::now() - begin).count();
    state.SetIterationTime(seconds);
    ratios.push_back(seconds / floor_seconds(shape, n_parameters, {peaks.back(), kSecondsAParameter}));
    adam_ratios.push_back(seconds / floor_seconds(shape, n_parameters, {peaks.back(), adams.back()}));
  }
  state.counters["gflops_peak"] = median(peaks) / 1e9;
  state.counters["ratio"] = median(ratios);
  state.counters["adam_ns"] = median(adams) * 1e9;
  state.counters["ratio_adam"] = median(adam_ratios);
}

}  // namespace

int main(int argc, char** argv) {
  fmnist::set_library_environment();
  std::vector<std::string> all_products{"", "library", "bf16"};
  if (fmnist::product_kernels() != nullptr) all_products.push_back("lanes");
  for (const std::size_t batch : {8, 16, 32, 64, 128, 256}) {
    for (const std::size_t width : {64, 128, 256, 512}) {
      for (const std::size_t depth : {1, 2, 3}) {
        for (const std::string& products : all_products) {
          const Shape shape{depth, width, batch, products};
          const auto name = fmt::format("epoch_60000/batch:{}/width:{}/depth:{}{}{}", batch, width, depth,
                                        products.empty() ? "" : "/", products);
          benchmark::RegisterBenchmark(name.c_str(), epoch, shape)
              ->Unit(benchmark::kMillisecond)
              ->UseManualTime()
              ->Iterations(kEpochs);
        }
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
