// Trials an hour on one device: 784-128-128-10, Adam, dropout 0.2, ten epochs of 50,000 examples in batches of
// 128, each followed by a validation of 10,000, by the number of trials at a time. Then whether two streams
// work at once. Pixels are made up: their values do not change the time.
//
// gpu_bench [--device cuda:0] [--slots 1,2,4,8] [--trials-per-slot 3] [--epochs 10] [--engine auto]

#include <chrono>
#include <cstdio>
#include <exception>
#include <future>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#ifdef FMNIST_HAVE_CUDA
#include <ATen/cuda/Sleep.h>
#endif

#include "fmnist/compute.hpp"
#include "fmnist/dataset.hpp"
#include "fmnist/device_stream.hpp"
#include "fmnist/engine_choice.hpp"
#include "fmnist/environment.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/trainer.hpp"
#include "tune/error.hpp"
#include "tune/random.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBatch = 128;
constexpr std::size_t kTraining = 50000;
constexpr std::size_t kValidation = 10000;
constexpr std::size_t kPixels = 784;

double seconds_since(Clock::time_point begin) {
  return Seconds(Clock::now() - begin).count();
}

std::shared_ptr<const fmnist::TrainingData> made_up_images() {
  auto data = std::make_shared<fmnist::TrainingData>();
  data->n_classes = 10;
  data->examples.count = kTraining + kValidation;
  data->examples.features = kPixels;
  data->examples.height = 28;
  data->examples.pixels.resize(data->examples.count * kPixels);
  data->examples.labels.resize(data->examples.count);
  tune::RandomStream stream({1, 2, tune::Purpose::kAugmentation, 3});
  for (auto& pixel : data->examples.pixels) pixel = static_cast<std::uint8_t>(stream.below(256));
  for (auto& label : data->examples.labels) label = static_cast<std::uint8_t>(stream.below(10));
  data->split.training.resize(kTraining);
  std::iota(data->split.training.begin(), data->split.training.end(), 0U);
  data->split.validation.resize(kValidation);
  std::iota(data->split.validation.begin(), data->split.validation.end(),
            static_cast<std::uint32_t>(kTraining));
  data->normalization = fmnist::normalization_of(data->examples, data->split.training);
  return data;
}

/// What all trials have in common.
struct Work {
  std::shared_ptr<const fmnist::TrainingData> data;
  std::string device;
  std::string engine;
  std::uint64_t epochs;
};

void train(const Work& work, std::uint64_t trial) {
  fmnist::EngineConfig config;
  config.network = fmnist::dense_network({.widths = {128, 128}, .dropout = {0.2, 0.2}}, kPixels, 10);
  config.max_batch = kBatch;
  config.trial = trial;
  const auto engine = fmnist::make_engine(work.engine, work.data, config, work.device);
  const auto never = [] { return false; };
  std::vector<std::uint32_t> order;
  for (std::uint64_t epoch = 1; epoch <= work.epochs; ++epoch) {
    engine->begin_epoch(epoch);
    fmnist::shuffle_for_epoch(work.data->split.training, 1, trial, epoch, kTraining, order);
    const auto trained = fmnist::train_epoch(*engine, order, {kBatch, false}, never);
    const auto validated = fmnist::evaluate(*engine, work.data->split.validation, never);
    if (trained.end != fmnist::PassEnd::kDone || validated.end != fmnist::PassEnd::kDone)
      throw tune::Error("a trial of the bench diverged");
  }
}

/// Seconds that so many trials take in each of so many threads.
double seconds_of(const Work& work, std::size_t slots, std::size_t trials_per_slot) {
  const Clock::time_point begin = Clock::now();
  std::vector<std::future<void>> threads;
  for (std::size_t slot = 0; slot < slots; ++slot) {
    threads.push_back(std::async(std::launch::async, [&, slot] {
      fmnist::use_one_thread();
      for (std::size_t i = 0; i < trials_per_slot; ++i) train(work, slot * trials_per_slot + i);
    }));
  }
  for (auto& thread : threads) thread.get();
  return seconds_since(begin);
}

#ifdef FMNIST_HAVE_CUDA
/// Seconds in which kernels that only wait end in these streams, each given one.
double seconds_of_waiting(const std::vector<std::unique_ptr<fmnist::DeviceStream>>& streams) {
  constexpr std::int64_t kCycles = 1'000'000'000;  // About half a second.
  const Clock::time_point begin = Clock::now();
  for (const auto& stream : streams) {
    const fmnist::DeviceStream::Scope scope(*stream);
    at::cuda::sleep(kCycles);
  }
  for (const auto& stream : streams) stream->stream()->synchronize();
  return seconds_since(begin);
}
#endif

bool two_streams_work_at_once(const std::string& device) {
  if (device == "cpu") return true;
#ifdef FMNIST_HAVE_CUDA
  const auto streams = [&](int n) {
    std::vector<std::unique_ptr<fmnist::DeviceStream>> made;
    for (int i = 0; i < n; ++i) made.push_back(std::make_unique<fmnist::DeviceStream>(c10::Device(device)));
    return made;
  };
  (void)seconds_of_waiting(streams(2));
  const double one = seconds_of_waiting(streams(1));
  const double two = seconds_of_waiting(streams(2));
  const bool at_once = two < 1.5 * one;
  std::printf("streams: one kernel %.3f s, two in two streams %.3f s: %s\n", one, two,
              at_once ? "at the same time" : "ONE AFTER THE OTHER");
  return at_once;
#else
  std::printf("streams: %s has none\n", device.c_str());
  return false;
#endif
}

std::vector<std::size_t> numbers_in(const std::string& list) {
  std::vector<std::size_t> numbers;
  std::istringstream stream(list);
  for (std::string each; std::getline(stream, each, ',');) numbers.push_back(std::stoul(each));
  return numbers;
}

int run(std::map<std::string, std::string> options) {
  const std::string device = options["--device"];
  const Work work{made_up_images(), device, options["--engine"], std::stoul(options["--epochs"])};
  const std::size_t trials_per_slot = std::stoul(options["--trials-per-slot"]);
  train({work.data, work.device, work.engine, 1}, 0);  // Loads kernels and fills the allocator.
  for (const std::size_t slots : numbers_in(options["--slots"])) {
    const double seconds = seconds_of(work, slots, trials_per_slot);
    const std::size_t trials = slots * trials_per_slot;
    std::printf("%s: %zu slots, %zu trials of %llu epochs: %.2f s, %.0f trials an hour\n", device.c_str(),
                slots, trials, static_cast<unsigned long long>(work.epochs), seconds,
                static_cast<double>(trials) / seconds * 3600.0);
    static_cast<void>(std::fflush(stdout));
  }
  return two_streams_work_at_once(device) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{{"--device", "cuda:0"},
                                             {"--slots", "1,2,4,8"},
                                             {"--trials-per-slot", "3"},
                                             {"--epochs", "10"},
                                             {"--engine", "auto"}};
  for (int i = 1; i < argc; i += 2) {
    if (!options.contains(argv[i]) || i + 1 == argc) {
      std::fprintf(stderr, "gpu_bench: unknown option or no value: %s\n", argv[i]);
      return 2;
    }
    options[argv[i]] = argv[i + 1];
  }
  fmnist::set_library_environment();
  try {
    return run(std::move(options));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu_bench: %s\n", error.what());
    return 1;
  }
}
