#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tune/samplers/tpe.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/study.hpp"

/// The C++ side of optuna_search.py: `search_driver ACTION FILE` searches on in the study "shared" of a file
/// that real Optuna searches in too.
namespace {

using namespace tune;

constexpr std::int64_t kTrials = 7;

Study open_study(const std::string& path) {
  StudyOptions options;
  options.study_name = "shared";
  options.storage = open_sqlite_storage(path);
  options.sampler =
      std::make_shared<TpeSampler>(TpeOptions{.n_startup_trials = 5, .multivariate = true, .group = true});
  options.seed = 3;
  return load_study(std::move(options));
}

/// As `conditional` of the script.
double suggest_conditional(Trial& trial) {
  if (trial.suggest_categorical("kind", {std::string("a"), std::string("b")}) == ParamValue(std::string("a"))) {
    return trial.suggest_float("x", 1e-3, 1.0, {.log = true});
  }
  return static_cast<double>(trial.suggest_int("n", 1, 9)) * trial.suggest_float("y", 0.0, 1.0);
}

ObjectiveValues conditional(Trial& trial) {
  const double value = suggest_conditional(trial);
  trial.report(value, 0);
  switch (trial.number().value % 5) {
    case 3:
      return std::nullopt;
    case 4:
      throw std::runtime_error("every fifth fails");
    default:
      return value;
  }
}

ObjectiveValues two_objectives(Trial& trial) {
  const double value = suggest_conditional(trial);
  if (trial.number().value % 5 == 4) throw std::runtime_error("every fifth fails");
  return std::vector{value, 1.0 - value};
}

void search(const std::string& path, const ObjectiveFunction& objective) {
  Study study = open_study(path);
  (void)study.enqueue_trial({{"kind", std::string("b")}, {"n", std::int64_t{2}}});
  OptimizeOptions options{.n_trials = kTrials};
  options.catches = [](const std::exception_ptr&) { return true; };
  study.optimize(objective, options);
}

/// Runs a trial until the other end of the input closes.
void hold(const std::string& path) {
  Study study = open_study(path);
  Trial trial = study.ask();
  const double value = suggest_conditional(trial);
  trial.report(value, 0);
  fmt::print("{}\n", trial.number().value);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  (void)study.tell(std::move(trial), value);
}

void take_from_the_dead(const std::string& path) {
  for (const TrialNumber number : open_study(path).requeue_dead_trials().requeued) {
    fmt::print("{}\n", number.value);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<void(const std::string&)>> actions = {
      {"search", [](const std::string& path) { search(path, conditional); }},
      {"search-two", [](const std::string& path) { search(path, two_objectives); }},
      {"hold", hold},
      {"take-from-the-dead", take_from_the_dead}};
  const auto action = argc == 3 ? actions.find(argv[1]) : actions.end();
  if (action == actions.end()) {
    fmt::print(stderr, "usage: search_driver ACTION FILE\n");
    return 2;
  }
  try {
    action->second(argv[2]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
