// What the search itself costs: ask + tell in memory by number of finished trials, a whole study of many
// parameters, a pruner's decision, and the memory of a long history. Times are of the calling thread's
// processor.
//
// Each case prints the median of its repetitions with
//   ask_tell_bench --benchmark_repetitions=11 --benchmark_report_aggregates_only=true

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/workload.hpp"
#include "tune/pruners/median.hpp"
#include "tune/samplers/registry.hpp"
#include "tune/storages/in_memory.hpp"
#include "tune/study.hpp"

namespace {

using tune::FrozenTrial;
using tune::Study;
using tune::bench::mixed_space;
using tune::bench::objective;

tune::SearchSpace float_space(int n) {
  tune::SearchSpace space;
  for (int i = 0; i < n; ++i) space.add({"x" + std::to_string(i), tune::FloatDistribution{-5.0, 5.0}, {}});
  return space;
}

Study open_study(const std::string& sampler, const tune::SearchSpace& space,
                 std::shared_ptr<tune::Storage> storage) {
  tune::StudyOptions options;
  options.storage = std::move(storage);
  options.sampler = tune::make_sampler(sampler);
  options.space = space;
  options.seed = 1;
  options.load_if_exists = true;
  return Study::create(std::move(options));
}

void run_trials(Study& study, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    tune::Trial trial = study.ask();
    const double value = objective(trial.params());
    study.tell(std::move(trial), value);
  }
}

// The trials that a sampler leaves behind: spread by random, crowded where TPE searches.
const std::vector<FrozenTrial>& history_of(const std::string& sampler, std::size_t n) {
  static std::map<std::pair<std::string, std::size_t>, std::vector<FrozenTrial>> known;
  auto& trials = known[{sampler, n}];
  if (trials.empty()) {
    Study study = open_study(sampler, mixed_space(), tune::make_in_memory_storage());
    run_trials(study, n);
    trials = study.trials();
  }
  return trials;
}

Study study_after(const std::string& sampler, const std::string& history, std::size_t n) {
  auto storage = tune::make_in_memory_storage();
  Study study = open_study(sampler, mixed_space(), storage);
  for (const FrozenTrial& trial : history_of(history, n)) storage->add_trial(study.id(), trial);
  study.refresh();
  run_trials(study, 2);
  return study;
}

// ask + tell at n … n + n/10 finished trials.
void ask_tell(benchmark::State& state, const char* sampler, const char* history) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const std::size_t n_more = std::max<std::size_t>(n / 10, 10);
  Study study = study_after(sampler, history, n);
  std::size_t n_asked = 0;
  for (auto _ : state) {
    if (++n_asked > n_more) {
      state.PauseTiming();
      study = study_after(sampler, history, n);
      n_asked = 0;
      state.ResumeTiming();
    }
    tune::Trial trial = study.ask();
    benchmark::DoNotOptimize(trial.params());
    study.tell(std::move(trial), 1e3);
  }
}

void whole_study(benchmark::State& state) {
  const tune::SearchSpace space = float_space(40);
  for (auto _ : state) {
    Study study = open_study("tpe", space, tune::make_in_memory_storage());
    run_trials(study, 1000);
  }
}

FrozenTrial trial_with_reports(std::int64_t number, int n_steps) {
  FrozenTrial trial;
  trial.number = {number};
  trial.state = tune::TrialState::kComplete;
  trial.values = {static_cast<double>(number % 97)};
  for (int step = 0; step < n_steps; ++step) {
    trial.intermediate.push_back({step, static_cast<double>((number * 7919 + step * 31) % 1000)});
  }
  return trial;
}

void median_decision(benchmark::State& state) {
  tune::History history({tune::Direction::kMinimize});
  for (std::int64_t i = 0; i < 1000; ++i) history.apply(trial_with_reports(i, 100));
  FrozenTrial running = trial_with_reports(1000, 100);
  running.state = tune::TrialState::kRunning;
  history.apply(running);
  const tune::MedianPruner pruner;
  for (auto _ : state) {
    benchmark::DoNotOptimize(pruner.decide({tune::HistoryView(history), {1000}, 0, "study"}));
  }
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0.0;
  double resident = 0.0;
  file >> total >> resident;
  return resident * 4096.0 / 1e6;
}

void history_memory(benchmark::State& state) {
  const tune::SearchSpace space = mixed_space();
  for (auto _ : state) {
    const double before = resident_megabytes();
    tune::History history({tune::Direction::kMinimize});
    for (std::int64_t number = 0; number < 100000; ++number) {
      FrozenTrial trial = trial_with_reports(number, 0);
      for (const auto& declared : space.parameters()) {
        trial.params.push_back({declared.name, static_cast<double>(1 + number % 3), declared.distribution});
      }
      history.apply(trial);
    }
    benchmark::DoNotOptimize(history.scored().size());
    for (const tune::Column& column : history.columns()) {
      benchmark::DoNotOptimize(history.by_value(column).size());
    }
    state.counters["MB"] = resident_megabytes() - before;
  }
}

BENCHMARK_CAPTURE(ask_tell, tpe, "tpe", "random")
    ->Arg(100)
    ->Arg(1000)
    ->Arg(10000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(ask_tell, tpe_on_its_own, "tpe", "tpe")->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(ask_tell, gp_tpe, "gp_tpe", "random")->Arg(100)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(ask_tell, random, "random", "random")->Arg(100)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(whole_study)->Unit(benchmark::kMillisecond);
BENCHMARK(median_decision)->Unit(benchmark::kMicrosecond);
BENCHMARK(history_memory)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
