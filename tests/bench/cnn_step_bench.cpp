// A training step of convolutional networks beside the same network in LibTorch's own modules, five steps each
// in turns: forward, backward and Adam on batches of 128 images of 28 × 28, one thread, memory kept by the
// allocator for both. Processor time in ms: medians, the median of the ratios of neighbours, and what an epoch
// of 60,000 images takes.

#include <benchmark/benchmark.h>
#include <time.h>
#include <torch/torch.h>

#include <algorithm>
#include <vector>

#include "fmnist/compute.hpp"
#include "fmnist/dataset.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/environment.hpp"
#include "fmnist/families/convolutions.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/trainer.hpp"

namespace {

namespace nn = torch::nn;
using torch::Tensor;

constexpr std::size_t kBatch = 128;
constexpr double kBatchesAnEpoch = 60000.0 / kBatch;

struct Case {
  const char* name;
  std::vector<std::int64_t> channels;
  std::int64_t convs_per_block;
  bool batch_norm_and_pooling;
  std::vector<std::int64_t> widths;
};

std::vector<Case> cases() {
  return {{"cnn", {32, 64}, 1, true, {128}},
          {"deep_cnn", {32, 64, 128}, 2, true, {128, 128}},
          {"convolutions_only", {32, 32}, 1, false, {128, 64}}};
}

std::shared_ptr<const fmnist::TrainingData> data() {
  static const auto loaded = fmnist::load_training_data({});
  return loaded;
}

std::vector<std::uint32_t> order_of_epoch() {
  std::vector<std::uint32_t> order;
  fmnist::shuffle_for_epoch(data()->split.training, 1, 2, 3, data()->split.training.size(), order);
  return order;
}

class OwnSide {
 public:
  explicit OwnSide(const Case& network) : order_(order_of_epoch()) {
    fmnist::EngineConfig config;
    config.network = fmnist::Network({1, 28, 28});
    fmnist::add_convolutions(config.network, {.channels = network.channels,
                                              .convs_per_block = network.convs_per_block,
                                              .batch_norm = network.batch_norm_and_pooling,
                                              .pooling = network.batch_norm_and_pooling});
    fmnist::add_dense(config.network, {.widths = network.widths});
    config.network.classifier(10);
    config.max_batch = kBatch;
    engine_ = fmnist::make_autograd_engine(data(), config, "cpu");
  }

  void step() {
    benchmark::DoNotOptimize(engine_->train_step(std::span(order_).subspan(begin_, kBatch)));
    begin_ = begin_ + 2 * kBatch > order_.size() ? 0 : begin_ + kBatch;
  }

 private:
  std::vector<std::uint32_t> order_;
  std::unique_ptr<fmnist::Engine> engine_;
  std::size_t begin_ = 0;
};

/// conv → batch norm → relu …, max pool after each block, dense layers with relu, classifier.
nn::Sequential stock_modules(const Case& network) {
  nn::Sequential modules;
  std::int64_t channels = 1;
  std::int64_t side = 28;
  for (const std::int64_t next : network.channels) {
    for (std::int64_t i = 0; i < network.convs_per_block; ++i) {
      modules->push_back(nn::Conv2d(nn::Conv2dOptions(channels, next, 3).padding(1)));
      if (network.batch_norm_and_pooling) modules->push_back(nn::BatchNorm2d(next));
      modules->push_back(nn::ReLU());
      channels = next;
    }
    if (!network.batch_norm_and_pooling) continue;
    modules->push_back(nn::MaxPool2d(2));
    side /= 2;
  }
  modules->push_back(nn::Flatten());
  std::int64_t features = channels * side * side;
  for (const std::int64_t width : network.widths) {
    modules->push_back(nn::Linear(features, width));
    modules->push_back(nn::ReLU());
    features = width;
  }
  modules->push_back(nn::Linear(features, 10));
  return modules;
}

/// Its batches are ready before the clock starts.
class StockSide {
 public:
  explicit StockSide(const Case& network)
      : modules_(stock_modules(network)), adam_(modules_->parameters(), torch::optim::AdamOptions(1e-3)) {
    const auto order = order_of_epoch();
    const auto& training = *data();
    for (std::size_t begin = 0; begin < 64 * kBatch; begin += kBatch) {
      std::vector<float> pixels;
      std::vector<std::int64_t> labels;
      for (std::size_t i = begin; i < begin + kBatch; ++i) {
        const std::uint8_t* row = training.examples.row(order[i]);
        for (std::size_t j = 0; j < training.examples.features; ++j) {
          pixels.push_back(static_cast<float>(row[j]) * training.normalization.scale +
                           training.normalization.shift);
        }
        labels.push_back(training.examples.labels[order[i]]);
      }
      images_.push_back(torch::tensor(pixels).view({static_cast<std::int64_t>(kBatch), 1, 28, 28}));
      labels_.push_back(torch::tensor(labels));
    }
  }

  void step() {
    const std::size_t i = n_steps_++ % images_.size();
    adam_.zero_grad();
    const Tensor loss = nn::functional::cross_entropy(modules_->forward(images_[i]), labels_[i]);
    loss.backward();
    adam_.step();
    benchmark::DoNotOptimize(loss.item<float>());
  }

 private:
  nn::Sequential modules_;
  torch::optim::Adam adam_;
  std::vector<Tensor> images_, labels_;
  std::size_t n_steps_ = 0;
};

double processor_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

/// Of one step. Some kernels count processor time in ticks of 4 ms, so several are timed together.
template <typename Side>
double step_ms(Side& side) {
  constexpr int kTogether = 5;
  const double begin = processor_ms();
  for (int i = 0; i < kTogether; ++i) side.step();
  return (processor_ms() - begin) / kTogether;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void compare(benchmark::State& state, const Case& network) {
  fmnist::use_one_thread();
  OwnSide own(network);
  StockSide stock(network);
  (void)step_ms(own);
  (void)step_ms(stock);
  std::vector<double> own_ms, stock_ms, ratios;
  for (auto _ : state) {
    own_ms.push_back(step_ms(own));
    stock_ms.push_back(step_ms(stock));
    ratios.push_back(own_ms.back() / stock_ms.back());
  }
  state.counters["own_ms"] = median(own_ms);
  state.counters["stock_ms"] = median(stock_ms);
  state.counters["ratio"] = median(ratios);
  state.counters["own_epoch_s"] = median(own_ms) * kBatchesAnEpoch * 1e-3;
  state.counters["stock_epoch_s"] = median(stock_ms) * kBatchesAnEpoch * 1e-3;
}

}  // namespace

int main(int argc, char** argv) {
  fmnist::set_library_environment();
  for (const Case& network : cases()) {
    benchmark::RegisterBenchmark(network.name, compare, network)->Iterations(15)->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
