#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// The C++ side of optuna_interop.py: `storage_driver ACTION FILE`. Each action does to the file what the
/// script then looks at with Optuna, or the reverse.
namespace {

using namespace tune;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const CategoricalDistribution kChoices{
    {std::string("sgd"), ParamValue(), true, std::int64_t{3}, 2.5, std::string("ünï \"☃\"\n")}};

StudyId study_named(Storage& storage, const std::string& name) {
  const auto study = storage.find_study(name);
  if (!study) {
    throw StudyNotFound(name);
  }
  return study->id;
}

Claim take(Storage& storage, StudyId study) {
  const Reservation reservation = storage.reserve(study, this_process());
  if (reservation.status != ReserveStatus::kReserved) {
    throw StorageError("nothing to reserve");
  }
  return reservation.claim;
}

std::vector<Param> params(double x, double choice) {
  return {{"lr", x, FloatDistribution{1e-5, 1.0, true}},
          {"drop", 0.3, FloatDistribution{0.0, 0.5, false, 0.1}},
          {"n", 4, IntDistribution{1, 16, true}},
          {"m", 10, IntDistribution{0, 20, false, 5}},
          {"c", choice, kChoices}};
}

/// One trial of each kind; the script knows what they must look like.
void write_every_state(Storage& storage) {
  const StudyId study = storage.create_study({"every state / ünï",
                                              {Direction::kMinimize},
                                              {{"owner", R"({"name": "Zo\u00eb", "n": 3})"}},
                                              {{"study:metric_names", R"(["loss"])"}},
                                              {}});
  const Claim complete = take(storage, study);
  storage.start(complete, params(0.001, 5), {{"tune:sampler", R"({"cursor": 0})"}});
  storage.report(complete, {0, kNaN}, {});
  storage.report(complete, {10, kInfinity}, {});
  storage.report(complete, {20, -kInfinity}, {});
  storage.report(complete, {30, 0.5}, {});
  storage.tell(complete, {TrialState::kComplete, {0.1}, {{"why", "\"☃\""}}, {{"constraints", "[-1.0]"}}});

  const Claim infinite = take(storage, study);
  storage.start(infinite, params(0.5, 1), {});
  storage.tell(infinite, {TrialState::kComplete, {kInfinity}, {}, {}});

  const Claim pruned = take(storage, study);
  storage.start(pruned, params(1e-5, 2), {});
  storage.report(pruned, {0, 2.0}, {{"completed_rung_0", "2.0"}});
  storage.tell(pruned, {TrialState::kPruned, {2.0}, {}, {}});

  storage.tell(take(storage, study), {TrialState::kPruned, {}, {}, {}});
  storage.tell(take(storage, study), {TrialState::kFail, {}, {}, {{"tune:reason", "\"out of memory\""}}});

  const Claim requeued = take(storage, study);
  storage.start(requeued, params(0.25, 1), {});
  storage.requeue(requeued);
  const Claim running = take(storage, study);
  storage.start(running, params(0.125, 0), {});
  storage.requeue(running);
  (void)storage.enqueue(study, std::vector<NewTrial>{{R"({"lr": 0.0625, "c": "sgd"})", {}, {}}});
  const Claim still_running = take(storage, study);
  storage.start(still_running, params(0.125, 0), {});
}

void write_two_objectives(Storage& storage) {
  const StudyId study = storage.create_study({"two", {Direction::kMinimize, Direction::kMaximize}, {}, {}, {}});
  for (const double x : {0.5, 0.25, 0.75}) {
    const Claim claim = take(storage, study);
    storage.start(claim, std::vector{Param{"x", x, FloatDistribution{}}}, {});
    storage.tell(claim, {TrialState::kComplete, {x, x == 0.25 ? -kInfinity : x}, {}, {}});
  }
}

/// Takes what is WAITING and adds trials to the study that the script continues.
void go_on(Storage& storage) {
  const StudyId study = study_named(storage, "shared");
  for (int i = 0; i < 5; ++i) {
    const Claim claim = take(storage, study);
    const double x = 0.1 * i;
    storage.start(claim,
                  std::vector{Param{"x", x, FloatDistribution{-1.0, 1.0}},
                              Param{"k", 1, CategoricalDistribution{{std::string("a"), std::string("b")}}}},
                  {});
    storage.report(claim, {0, x + 1.0}, {});
    storage.tell(claim, {TrialState::kComplete, {x * x}, {}, {}});
  }
}

/// Prints all trials as seen by deltas, one a line.
void dump(Storage& storage) {
  for (const StudyRecord& study : storage.studies()) {
    for (const FrozenTrial& trial : storage.changes_since(study.id, {}).trials) {
      fmt::print("{}\t{}\t{}\t", study.name, trial.number.value, to_string(trial.state));
      for (const double value : trial.values) {
        fmt::print("{:.17g} ", value);
      }
      fmt::print("\t");
      for (const Param& param : trial.params) {
        fmt::print("{}={} ", param.name, to_json(param.external()));
      }
      fmt::print("\t{}\n", trial.intermediate.size());
    }
  }
}

int run(const std::string& action, const std::string& path) {
  const std::map<std::string, std::function<void(Storage&)>> actions = {
      {"write-every-state", write_every_state},
      {"write-two-objectives", write_two_objectives},
      {"create-shared",
       [](Storage& storage) {
         (void)storage.create_study({"shared", {Direction::kMinimize}, {}, {}, {}});
       }},
      {"go-on", go_on},
      {"dump", dump}};
  const auto found = actions.find(action);
  if (found == actions.end()) {
    fmt::print(stderr, "unknown action: {}\n", action);
    return 2;
  }
  found->second(*open_sqlite_storage(path));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: storage_driver ACTION FILE\n");
    return 2;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
