// Saving and loading the checkpoint of a trial of 784-512-512-10 with Adam, in the folder of the first argument
// or the one for temporary files: all that a trial in training waits for, the disk included.

#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>

#include "fmnist/compute.hpp"
#include "fmnist/dataset.hpp"
#include "fmnist/engine.hpp"
#include "fmnist/environment.hpp"
#include "fmnist/families/dense.hpp"
#include "fmnist/training_state.hpp"
#include "tune/checkpoint_folder.hpp"

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIdentity = "784-512-512-10";
constexpr tune::TrialNumber kTrial{0};

std::unique_ptr<fmnist::Engine> trained_engine() {
  static const auto data = fmnist::load_training_data({});
  fmnist::EngineConfig config;
  config.network = fmnist::dense_network({.widths = {512, 512}}, 784, 10);
  auto engine = fmnist::make_gemm_engine(data, config, fmnist::aten_gemm());
  (void)engine->train_step(std::span(data->split.training).first(config.max_batch));
  return engine;
}

tune::Checkpoint checkpoint_of(const fmnist::Engine& engine) {
  return {1, 10.0, fmnist::encode_training_state({{}, {}, engine.state()}, kIdentity)};
}

void save(benchmark::State& state, const fs::path& folder) {
  const auto engine = trained_engine();
  tune::CheckpointFolder checkpoints(folder, "bench");
  for (auto _ : state) {
    const auto checkpoint = checkpoint_of(*engine);
    if (const auto problem = checkpoints.save(kTrial, kIdentity, checkpoint))
      state.SkipWithError(problem->c_str());
    state.counters["bytes"] = static_cast<double>(checkpoint.bytes.size());
  }
  checkpoints.remove(kTrial);
}

void load(benchmark::State& state, const fs::path& folder) {
  const auto engine = trained_engine();
  tune::CheckpointFolder checkpoints(folder, "bench");
  if (const auto problem = checkpoints.save(kTrial, kIdentity, checkpoint_of(*engine)))
    state.SkipWithError(problem->c_str());
  for (auto _ : state) {
    const auto found = checkpoints.load(kTrial, kIdentity);
    engine->restore(fmnist::decode_training_state(found.checkpoint.value().bytes, kIdentity).engine);
  }
  checkpoints.remove(kTrial);
}

}  // namespace

int main(int argc, char** argv) {
  fmnist::set_library_environment();
  fmnist::use_one_thread();
  benchmark::Initialize(&argc, argv);
  const fs::path folder = (argc > 1 ? fs::path(argv[1]) : fs::temp_directory_path()) / "checkpoint_bench";
  for (const auto& [name, function] : {std::pair{"save", &save}, std::pair{"load", &load}})
    benchmark::RegisterBenchmark(name, function, folder)->UseRealTime()->Unit(benchmark::kMillisecond);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
