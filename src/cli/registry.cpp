#include "cli/registry.hpp"

#include <algorithm>

namespace fmnist_tune {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"run", {}, "Runs the trials of a study file, or what is missing of them.", run_command},
      {"init", {}, "Writes a study file for a data set, with comments.", init_command},
      {"plan", {}, "Says what a study would cost, and what is odd in it, without running it.", plan_command},
      {"best-trial", {"best"}, "Shows the best trial of a study.", best_trial_command},
      {"best-trials",
       {},
       "Shows the trials that no other one beats, for several objectives.",
       best_trials_command},
      {"trials", {}, "Lists the trials of a study.", trials_command},
      {"curves", {}, "Lists what trials reported while they ran, and their other curves.", curves_command},
      {"export", {}, "Writes a whole study as JSON or CSV.", export_command},
      {"explain", {}, "Says why a trial has its parameters, and why it was pruned.", explain_command},
      {"importance", {}, "Says how much each parameter matters.", importance_command},
      {"report",
       {},
       "Writes a page with plots and all trials of a study, to open in a browser.",
       report_command},
      {"watch", {"dashboard"}, "Shows a study in the browser while it runs.", watch_command},
      {"diff", {}, "Compares two studies.", diff_command},
      {"replay", {}, "Says what another pruner would have stopped, saved and lost.", replay_command},
      {"verify", {}, "Trains a trial again and says whether it is the same bit for bit.", verify_command},
      {"confirm", {}, "Trains the best trials again with new seeds and says which one wins.", confirm_command},
      {"retrain",
       {},
       "Trains the best trial on all examples, tests it once and keeps the model.",
       retrain_command},
      {"evaluate", {}, "Tests a model that retrain kept.", evaluate_command},
      {"predict", {}, "Says which classes a model takes images for.", predict_command},
      {"studies", {}, "Lists the studies in a storage.", studies_command},
      {"enqueue", {}, "Puts configurations into the queue of a study.", enqueue_command},
      {"ask", {}, "Begins a trial for a loop outside and prints its parameters.", ask_command},
      {"tell", {}, "Ends a trial that ask or another program began.", tell_command},
      {"copy-study",
       {},
       "Copies a study, into another storage or under another search space.",
       copy_study_command},
      {"delete-study", {}, "Deletes a study with all its trials.", delete_study_command},
      {"check", {}, "Says what is wrong with a storage, and mends what can be mended.", check_command},
      {"doctor",
       {},
       "Says what this machine has for a study, and what to do about what is wrong.",
       doctor_command},
      {"completion",
       {},
       "Prints what bash or zsh need to complete this program's commands.",
       completion_command},
      {"man-page", {}, "Prints the manual page.", man_page_command},
      {"help", {}, "Explains a command.", help_command},
  };
  return kCommands;
}

const Command* find_command(std::string_view name) {
  const auto& all = commands();
  const auto found = std::find_if(all.begin(), all.end(), [name](const Command& command) {
    return command.name == name ||
           std::find(command.aliases.begin(), command.aliases.end(), name) != command.aliases.end();
  });
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    names.emplace_back(command.name);
    names.insert(names.end(), command.aliases.begin(), command.aliases.end());
  }
  return names;
}

}  // namespace fmnist_tune
