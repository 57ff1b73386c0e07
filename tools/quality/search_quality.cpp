// Runs a sampler over the quality problems and writes what it found, a JSON line a study.
//
// Each study lives in memory and runs its trials one after the other: ask, suggest all parameters in the listed
// order, evaluate, tell. No pruning.

#include <algorithm>
#include <atomic>
#include <boost/program_options.hpp>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "quality/problems.hpp"
#include "tune/error.hpp"
#include "tune/pruners/registry.hpp"
#include "tune/samplers/registry.hpp"
#include "tune/study.hpp"

namespace {

namespace po = boost::program_options;
using nlohmann::json;
using tune::quality::Problem;
using Options = std::map<std::string, tune::ParamValue, std::less<>>;

/// One study to run, and the line that came of it.
struct Work {
  const Problem* problem = nullptr;
  std::uint64_t seed = 0;
  std::string line;
};

struct Plan {
  std::string sampler_name;
  Options sampler_options;
  std::shared_ptr<const tune::Sampler> sampler;
  std::string spaces;
  std::vector<std::size_t> budgets;
  std::size_t n_trials = 0;
  bool whole_traces = false;

  [[nodiscard]] bool declares(const Problem& problem) const {
    return spaces == "declared" || (spaces == "as-files" && !problem.is_conditional());
  }
};

tune::ParamValue param_value(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return text;
}

Options read_options(const std::vector<std::string>& given) {
  Options options;
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      throw tune::InvalidArgument("expected --option NAME=VALUE, found " + text);
    }
    options[text.substr(0, equals)] = param_value(text.substr(equals + 1));
  }
  return options;
}

/// Best value so far after each trial.
std::vector<double> run_study(const Plan& plan, const Problem& problem, std::uint64_t seed) {
  tune::StudyOptions options;
  options.sampler = plan.sampler;
  options.pruner = tune::make_pruner("nop");
  options.seed = seed;
  if (plan.declares(problem)) {
    options.space = problem.space;
  }
  tune::Study study = tune::Study::create(std::move(options));
  std::vector<double> trace;
  for (std::size_t i = 0; i < plan.n_trials; ++i) {
    tune::Trial trial = study.ask();
    const double value = problem.value(problem.suggest_all(trial));
    study.tell(std::move(trial), value);
    trace.push_back(trace.empty() ? value : std::min(trace.back(), value));
  }
  return trace;
}

std::string line_of(const Plan& plan, const Work& work, const std::vector<double>& trace) {
  json line = {{"library", "tune"},
               {"sampler", plan.sampler_name},
               {"problem", work.problem->name},
               {"seed", work.seed}};
  json& options = line["options"] = json::object();
  for (const auto& [name, value] : plan.sampler_options) {
    options[name] = json::parse(tune::to_json(value));
  }
  json& best = line["best"] = json::object();
  for (const std::size_t budget : plan.budgets) {
    if (budget > 0 && budget <= trace.size()) {
      best[std::to_string(budget)] = trace[budget - 1];
    }
  }
  if (plan.whole_traces) {
    line["trace"] = trace;
  }
  return line.dump();
}

/// Runs all work in `n_jobs` threads; the first error is rethrown when all have ended.
void run_all(const Plan& plan, std::vector<Work>& works, std::size_t n_jobs) {
  std::atomic<std::size_t> next{0};
  std::vector<std::exception_ptr> errors(n_jobs);
  std::vector<std::thread> threads;
  for (std::exception_ptr& error : errors) {
    threads.emplace_back([&] {
      try {
        for (std::size_t i = next++; i < works.size(); i = next++) {
          works[i].line = line_of(plan, works[i], run_study(plan, *works[i].problem, works[i].seed));
        }
      } catch (...) {
        error = std::current_exception();
        next = works.size();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

po::options_description described_options() {
  po::options_description described("Options");
  auto add = described.add_options();
  add("help", "this text");
  add("problems", po::value<std::string>()->required(), "the file problems.json");
  add("sampler", po::value<std::string>()->default_value("tpe"), "name of a registered sampler");
  add("option", po::value<std::vector<std::string>>()->default_value({}, ""),
      "NAME=VALUE, an option of the sampler");
  add("seeds", po::value<std::uint64_t>()->default_value(100), "how many seeds");
  add("first-seed", po::value<std::uint64_t>()->default_value(0), "the first of them");
  add("trials", po::value<std::size_t>()->default_value(0),
      "trials a study; 0: the largest budget of the file");
  add("jobs", po::value<std::size_t>()->default_value(std::max(1U, std::thread::hardware_concurrency())),
      "threads");
  add("space", po::value<std::string>()->default_value("as-files"),
      "declared, define-by-run, or as-files: declared but for problems whose parameters depend on others");
  add("trace", po::bool_switch(), "write the best value after each trial too");
  add("problem", po::value<std::vector<std::string>>()->default_value({}, ""),
      "a problem to run; default: all");
  return described;
}

Plan plan_of(const po::variables_map& given, const tune::quality::ProblemSet& set) {
  Plan plan;
  plan.sampler_name = given["sampler"].as<std::string>();
  plan.sampler_options = read_options(given["option"].as<std::vector<std::string>>());
  plan.sampler = tune::make_sampler(plan.sampler_name, plan.sampler_options);
  plan.spaces = given["space"].as<std::string>();
  if (plan.spaces != "declared" && plan.spaces != "define-by-run" && plan.spaces != "as-files") {
    throw tune::InvalidArgument("expected --space declared, define-by-run or as-files, found " + plan.spaces);
  }
  plan.budgets = set.budgets;
  plan.n_trials = given["trials"].as<std::size_t>();
  if (plan.n_trials == 0) {
    plan.n_trials = *std::max_element(set.budgets.begin(), set.budgets.end());
  }
  plan.whole_traces = given["trace"].as<bool>();
  return plan;
}

std::vector<Work> work_of(const po::variables_map& given, const tune::quality::ProblemSet& set) {
  std::vector<const Problem*> problems;
  for (const std::string& name : given["problem"].as<std::vector<std::string>>()) {
    problems.push_back(&set.find(name));
  }
  for (const Problem& problem : set.problems) {
    if (given["problem"].as<std::vector<std::string>>().empty()) problems.push_back(&problem);
  }
  std::vector<Work> works;
  const auto first = given["first-seed"].as<std::uint64_t>();
  for (std::uint64_t seed = first; seed < first + given["seeds"].as<std::uint64_t>(); ++seed) {
    for (const Problem* problem : problems) {
      works.push_back({problem, seed, {}});
    }
  }
  return works;
}

int run(int argc, char** argv) {
  const po::options_description described = described_options();
  po::variables_map given;
  po::store(po::command_line_parser(argc, argv)
                .options(described)
                .positional(po::positional_options_description().add("problem", -1))
                .run(),
            given);
  if (given.count("help") != 0) {
    std::cout << "usage: search_quality --problems FILE [options] [PROBLEM...]\n" << described;
    return 0;
  }
  po::notify(given);
  const auto set = tune::quality::load_problems(given["problems"].as<std::string>());
  const Plan plan = plan_of(given, set);
  std::vector<Work> works = work_of(given, set);
  run_all(plan, works, std::max<std::size_t>(1, given["jobs"].as<std::size_t>()));
  for (const Work& work : works) {
    std::cout << work.line << '\n';
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "search_quality: " << error.what() << '\n';
    return 2;
  }
}
