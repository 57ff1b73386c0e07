#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/output/plan_output.hpp"
#include "cli/registry.hpp"
#include "cli/run/cost_check.hpp"
#include "cli/run/devices.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/objective_loader.hpp"
#include "cli/run/run_options.hpp"
#include "cli/run/space_warnings.hpp"
#include "cli/run/study_plan.hpp"
#include "command/manifest.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kConfigurations = 10;
constexpr std::int64_t kDefaultTrials = 100;
constexpr const char* kEpochsSetting = "epochs";

const CommandHelp kHelp = {
    "fmnist-tune plan STUDY.json [options]",
    "Says what a study would cost before it is run: ten configurations as its sampler would begin with, each\n"
    "with its number of parameters, an estimate of its memory, and the seconds an epoch takes on this\n"
    "machine, measured on a short piece of training with as many at a time as the run would have; from that\n"
    "the time for all trials. Warns of what is probably not meant in the search space. Nothing is stored.\n"
    "\n"
    "Exit codes: 0 done, also with warnings, 1 failed, 2 wrong usage or invalid study file.",
    "  fmnist-tune plan studies/mlp.json\n"
    "  fmnist-tune plan studies/mlp.json --trials 200 --jobs 4\n"
    "  fmnist-tune plan studies/mlp.json -f json | jq .warnings"};

po::options_description own_options() {
  po::options_description options("Options");
  options.add_options()("trials", po::value<std::string>()->value_name("N"),
                        "trials to tell the time for; default: those of the points when nothing else is "
                        "searched, else 100");
  add_device_options(options);
  add_format_option(options);
  return options;
}

RunRequest request_from(const po::variables_map& values) {
  const auto file = text_option(values, "STUDY.json");
  if (!file) throw UsageError(fmt::format("which study file?\nusage: {}", kHelp.usage));
  RunRequest request;
  request.study_file = *file;
  request.trials = whole_number_option(values, "trials", 1);
  read_device_options(values, request);
  return request;
}

std::int64_t n_trials_of(const StudyConfig& config) {
  if (config.sampler.type != "none") return kDefaultTrials;
  return static_cast<std::int64_t>(config.points.size()) * config.replicates;
}

StudyPlan make_plan(const LoadedObjective& loaded, const StudyConfig& config, const RunRequest& request) {
  const tune::ObjectiveModule& module = loaded.module();
  const auto& parameters = loaded.manifest().parameters;
  StudyPlan plan;
  plan.slots = choose_slots(request, module.devices());
  plan.n_trials = request.trials.value_or(n_trials_of(config));
  plan.max_trial_seconds = config.limits.max_trial_seconds;
  const auto& settings = config.objective.settings;
  if (settings.has(kEpochsSetting)) plan.n_epochs = settings.get_int(kEpochsSetting);
  const auto objective =
      module.create(loaded.objective_config(config, request.data_dir, devices_of(plan.slots)));
  const auto configurations =
      planned_configurations(config, kConfigurations, cost_check(config, parameters, *objective));
  plan.trials = plan_trials(config, parameters, *objective, plan.busy_slots(), configurations);
  plan.warnings = space_warnings(config.space);
  auto further = plan_warnings(config, parameters, *objective, plan.trials);
  plan.warnings.insert(plan.warnings.end(), further.begin(), further.end());
  if (config.objective.type == command::manifest().type) {
    plan.warnings.emplace_back("what a program costs is not known before it runs: nothing was measured");
  }
  return plan;
}

}  // namespace

int plan_command(const Invocation& invocation) {
  const auto values = parse_options(kHelp, own_options(), "STUDY.json", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const RunRequest request = request_from(*values);
  const StudyConfig read = read_study_file(request.study_file, known_manifests());
  prepare_environment(read);
  const LoadedObjective loaded(read, request.study_file);
  const StudyConfig config = loaded.checked(read);
  fmt::print("{}", plan_text(make_plan(loaded, config, request), config, format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
