#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/commands/loaded_model.hpp"
#include "cli/options.hpp"
#include "cli/output/model_report.hpp"
#include "cli/registry.hpp"
#include "cli/run/run_options.hpp"

namespace fmnist_tune {
namespace {

const CommandHelp kHelp = {
    "fmnist-tune evaluate MODEL [options]",
    "Tests a model that `retrain` made on the test set of its data set: accuracy, loss, and for each class "
    "its\n"
    "accuracy, its precision and as what its examples were taken. JSON has all of it, CSV the table of "
    "classes.",
    "  fmnist-tune evaluate mlp.trial-17.safetensors\n"
    "  fmnist-tune evaluate mlp.trial-17.safetensors --data datasets -f json | jq .confusion"};

}  // namespace

int evaluate_command(const Invocation& invocation) {
  boost::program_options::options_description options("Options");
  add_model_options(options);
  add_data_option(options);
  add_format_option(options);
  const auto values = parse_options(kHelp, std::move(options), "MODEL", invocation.arguments);
  if (!values) return to_int(ExitCode::kDone);
  const Format format = format_option(*values);
  const auto path = model_argument(*values, kHelp);
  const std::string folder = data_folder(*values);
  const LoadedModel loaded = load_model(path, *values);
  const auto test = loaded.model->test(folder);
  fmt::print("{}", to_text(report_of(path, loaded.file, *loaded.model, test), format));
  return to_int(ExitCode::kDone);
}

}  // namespace fmnist_tune
