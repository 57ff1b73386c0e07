#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/commands/output_place.hpp"
#include "cli/options.hpp"
#include "cli/output/json.hpp"
#include "cli/output/messages.hpp"
#include "cli/registry.hpp"
#include "cli/run/known_objectives.hpp"
#include "cli/run/run_options.hpp"
#include "cli/shell_text.hpp"
#include "cli/study_file/study_config.hpp"
#include "fmnist/dataset.hpp"

namespace fmnist_tune {
namespace {

namespace po = boost::program_options;

/// Labels are bytes.
constexpr std::size_t kMostClasses = 256;
constexpr std::size_t kMostValidationExamples = 10000;
constexpr const char* kUsualDataset = "fashion-mnist";

const CommandHelp kHelp = {"fmnist-tune init STUDY.json [options]",
                           "Looks at a data set and writes a study file for it, with a comment on every part: "
                           "which images there are, what is\n"
                           "set aside for validation, what is searched. The file is a beginning: change it, "
                           "ask `plan` what it costs, run it.",
                           "  fmnist-tune init mine.json\n"
                           "  fmnist-tune init digits.json --dataset mnist --data ~/datasets"};

struct Facts {
  std::string dataset;
  std::filesystem::path folder;
  std::size_t count = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t n_classes = 0;

  /// A sixth, as Fashion-MNIST's usual 10,000 of 60,000.
  [[nodiscard]] std::size_t n_validation() const {
    return std::clamp<std::size_t>(count / 6, 1, kMostValidationExamples);
  }
};

Facts look_at(const std::string& dataset, const std::string& data_dir) {
  const auto folder = fmnist::find_dataset(dataset, data_dir);
  const auto examples = fmnist::load_examples(folder, fmnist::Part::kTraining, kMostClasses);
  const auto last = std::max_element(examples.labels.begin(), examples.labels.end());
  if (last == examples.labels.end() || *last == 0) {
    throw UsageError(fmt::format("{}: expected examples of two classes or more, found {} of one",
                                 folder.string(), examples.count));
  }
  return {dataset,
          folder,
          examples.count,
          examples.height,
          examples.features / examples.height,
          std::size_t{*last} + 1};
}

/// Batches that leave a hundred steps an epoch where the data set is large enough for that.
std::string batch_sizes(std::size_t n_training) {
  constexpr std::array<std::size_t, 4> kUsual{64, 128, 256, 512};
  std::string list;
  for (const std::size_t size : kUsual) {
    if (size <= std::max(n_training / 100, kUsual.front()))
      list += fmt::format("{}{}", list.empty() ? "" : ", ", size);
  }
  return list;
}

constexpr std::string_view kTemplate = R"({{
  "$comment": {comment},
  "name": {name},
  "objectives": [{{"metric": "validation_accuracy", "direction": "maximize"}}],
  "objective": {{
    "$comment": "Of {count} examples, {validation} are set aside, the same share of each class: the search is judged by them. The test set is not touched.",
    "type": "fmnist", "dataset": {dataset}, "classes": {classes}, "epochs": 10, "validation_examples": {validation}
  }},
  "sampler": {{
    "$comment": "A Gaussian process; \"tpe\" is Optuna's default. The seed makes the study the same again.",
    "type": "gp_tpe", "seed": 1
  }},
  "pruner": {{
    "$comment": "Stops a trial that is worse than the median of the others at the same epoch, from the second epoch on, once five are COMPLETE.",
    "type": "median", "n_startup_trials": 5, "n_warmup_steps": 2
  }},
  "space": {{
    "lr": {{"$comment": "log: as much of the search between 0.0001 and 0.001 as between 0.001 and 0.01.",
           "type": "float", "low": 1e-4, "high": 1e-1, "log": true}},
    "optimizer": {{"type": "categorical", "choices": ["sgd", "adam", "adamw"]}},
    "momentum": {{"$comment": "when: only trials with sgd have one.",
                 "type": "float", "low": 0.0, "high": 0.99, "when": {{"optimizer": ["sgd"]}}}},
    "batch_size": {{"type": "categorical", "choices": [{batches}]}},
    "depth": {{"type": "int", "low": 1, "high": 3}},
    "width": {{"$comment": "repeat: one for each hidden layer, width_l0, width_l1, …",
              "type": "int", "low": 32, "high": 512, "log": true, "repeat": "depth"}},
    "dropout": {{"type": "float", "low": 0.0, "high": 0.5}},
    "batch_norm": {{"type": "categorical", "choices": [true, false]}}
  }}
}}
)";

std::string study_text(const Facts& facts, const std::string& name) {
  const std::string comment = fmt::format(
      "{} examples of {} x {} pixels in {} classes, found in {}. What is not in the space has its default: "
      "studies/README.md lists all parameters.",
      facts.count, facts.height, facts.width, facts.n_classes, facts.folder.string());
  using namespace fmt::literals;
  return fmt::format(kTemplate, "comment"_a = Json(comment).dump(), "name"_a = Json(name).dump(),
                     "dataset"_a = Json(facts.dataset).dump(), "count"_a = facts.count,
                     "classes"_a = facts.n_classes, "validation"_a = facts.n_validation(),
                     "batches"_a = batch_sizes(facts.count - facts.n_validation()));
}

}  // namespace

int init_command(const Invocation& invocation) {
  po::options_description options("Options");
  options.add_options()("dataset", po::value<std::string>()->value_name("NAME"),
                        "name of the folder with the IDX files; default: fashion-mnist")(
      "force", "replace the file if there is one");
  add_data_option(options);
  const auto values = parse_options(kHelp, std::move(options), "STUDY.json", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const auto file = text_option(*values, "STUDY.json");
  if (!file) throw UsageError(fmt::format("which file should it be?\nusage: {}", kHelp.usage));
  const std::filesystem::path path = *file;
  const std::string folder = data_folder(*values);
  check_place(path, *values);
  const std::string text = study_text(look_at(text_option(*values, "dataset").value_or(kUsualDataset), folder),
                                      path.stem().string());
  // What is written must be a study that runs, or nobody is helped.
  static_cast<void>(parse_study_text(text, *file, known_manifests()));
  write_whole(path, text);
  const std::string data = folder.empty() ? "" : " --data " + shell_path(folder);
  fmt::print("{0}\nnext:\n  fmnist-tune plan {0}{1}\n  fmnist-tune {0} --trials 100{1}\n", shell_path(path),
             data);
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
