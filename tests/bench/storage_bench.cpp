// What the SQLite storage costs: a trial with ten parameters and ten reports as it is stored, and opening a
// study of many trials. The first argument is the folder for its files: its disk is part of what is measured.
//
//   storage_bench FOLDER --benchmark_repetitions=5 --benchmark_report_aggregates_only=true

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/workload.hpp"
#include "tune/pruners/nop.hpp"
#include "tune/samplers/random.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/study.hpp"

namespace {

using tune::FrozenTrial;
using tune::Study;

std::filesystem::path g_folder;

constexpr std::int64_t kReports = 10;

Study open_study(std::shared_ptr<tune::Storage> storage) {
  tune::StudyOptions options;
  options.storage = std::move(storage);
  options.sampler = std::make_shared<tune::RandomSampler>();
  options.pruner = std::make_shared<tune::NopPruner>();
  options.space = tune::bench::mixed_space();
  options.load_if_exists = true;
  return Study::create(std::move(options));
}

void run_trial(Study& study, std::int64_t n_reports) {
  tune::Trial trial = study.ask();
  const double value = tune::bench::objective(trial.params());
  for (std::int64_t step = 1; step <= n_reports; ++step) trial.report(value / static_cast<double>(step), step);
  study.tell(std::move(trial), value);
}

std::filesystem::path fresh_file(const char* name) {
  const std::filesystem::path file = g_folder / name;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
  return file;
}

void stored_trial(benchmark::State& state) {
  const auto file = fresh_file("stored_trial.db");
  Study study = open_study(tune::open_sqlite_storage(file));
  for (auto _ : state) run_trial(study, kReports);
}

std::filesystem::path file_with(std::int64_t n_trials, std::int64_t n_reports) {
  const auto file = fresh_file("many_trials.db");
  Study model = open_study(tune::make_in_memory_storage());
  for (std::int64_t i = 0; i < n_trials; ++i) run_trial(model, n_reports);
  tune::NewStudy many{
      .name = "study", .directions = {tune::Direction::kMinimize}, .user_attrs = {}, .system_attrs = {}};
  many.trials = model.trials();
  (void)tune::open_sqlite_storage(file)->create_study(many);
  return file;
}

// From the file to a study that can suggest.
void opened_study(benchmark::State& state) {
  const auto file = file_with(state.range(0), state.range(1));
  for (auto _ : state) {
    const Study study = open_study(tune::open_sqlite_storage(file));
    benchmark::DoNotOptimize(study.count(tune::TrialState::kComplete));
  }
}

BENCHMARK(stored_trial)->Unit(benchmark::kMicrosecond);
BENCHMARK(opened_study)
    ->ArgNames({"trials", "reports"})
    ->Args({10'000, 0})
    ->Args({10'000, kReports})
    ->Args({100'000, 0})
    ->Args({100'000, kReports})
    ->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: storage_bench FOLDER [options of Google Benchmark]\n");
    return 2;
  }
  g_folder = argv[1];
  for (int i = 1; i + 1 < argc; ++i) argv[i] = argv[i + 1];
  --argc;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
