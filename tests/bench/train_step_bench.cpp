// One training step and one epoch of 784-128-128-10 with Adam, dropout 0.2 and batches of 128, on
// Fashion-MNIST, by engine and by threads: the time a step takes and the examples a second of all threads
// together.

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "fmnist/compute.hpp"
#include "fmnist/dataset.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/engine_choice.hpp"
#include "fmnist/environment.hpp"
#include "fmnist/families/convolutions.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/flush_denormals.hpp"
#include "fmnist/product_kernels.hpp"
#include "fmnist/trainer.hpp"

namespace {

constexpr std::size_t kBatch = 128;

std::shared_ptr<const fmnist::TrainingData> data() {
  static const auto loaded = fmnist::load_training_data({});
  return loaded;
}

fmnist::EngineConfig config() {
  fmnist::EngineConfig config;
  config.network = fmnist::dense_network({.widths = {128, 128}, .dropout = {0.2, 0.2}}, 784, 10);
  config.max_batch = kBatch;
  return config;
}

/// Two convolutions of 32 and 64 channels with batch norm and pooling, then 128 units.
fmnist::EngineConfig cnn_config() {
  fmnist::EngineConfig config;
  config.network = fmnist::Network({1, 28, 28});
  fmnist::add_convolutions(config.network, {.channels = {32, 64}, .batch_norm = true});
  fmnist::add_dense(config.network, {.widths = {128}});
  config.network.classifier(10);
  config.max_batch = kBatch;
  return config;
}

std::unique_ptr<fmnist::Engine> make(const std::string& name) {
  if (name == "cnn") return fmnist::make_autograd_engine(data(), cnn_config(), "cpu");
  if (name == "own") return fmnist::make_engine("gemm", data(), config(), "cpu");
  if (name == "autograd") return fmnist::make_autograd_engine(data(), config(), "cpu");
  return fmnist::make_gemm_engine(data(), config(), name == "dnnl" ? fmnist::dnnl_gemm() : fmnist::aten_gemm());
}

void train_step(benchmark::State& state, const char* name) {
  fmnist::use_one_thread();
  const fmnist::FlushDenormals flush;  // As trials do.
  const auto engine = make(name);
  const auto& training = data()->split.training;
  std::vector<std::uint32_t> order;
  fmnist::shuffle_for_epoch(training, 1, 2, 3, training.size(), order);
  std::size_t begin = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine->train_step(std::span(order).subspan(begin, kBatch)));
    begin = begin + 2 * kBatch > order.size() ? 0 : begin + kBatch;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}

void epoch(benchmark::State& state, const char* name) {
  fmnist::use_one_thread();
  const fmnist::FlushDenormals flush;  // As trials do.
  const auto engine = make(name);
  std::vector<std::uint32_t> order;
  std::uint64_t number = 0;
  for (auto _ : state) {
    engine->begin_epoch(++number);
    fmnist::shuffle_for_epoch(data()->split.training, 1, 2, number, data()->split.training.size(), order);
    benchmark::DoNotOptimize(fmnist::train_epoch(*engine, order, {kBatch, false}, [] { return false; }));
  }
}

void evaluation(benchmark::State& state, const char* name) {
  fmnist::use_one_thread();
  const fmnist::FlushDenormals flush;  // As trials do.
  const auto engine = make(name);
  for (auto _ : state) benchmark::DoNotOptimize(engine->evaluate(data()->split.validation));
}

void register_engine(const char* name) {
  const std::string text = name;
  benchmark::RegisterBenchmark(("train_step/" + text).c_str(), train_step, name)
      ->ThreadRange(1, 2)
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("epoch_50000/" + text).c_str(), epoch, name)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark(("evaluate_10000/" + text).c_str(), evaluation, name)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

int main(int argc, char** argv) {
  fmnist::set_library_environment();
  if (fmnist::product_kernels() != nullptr) register_engine("own");
  if (fmnist::dnnl_gemm() != nullptr) register_engine("dnnl");
  register_engine("aten");
  register_engine("autograd");
  register_engine("cnn");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
