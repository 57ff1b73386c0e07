#pragma once

#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace fmnist_tune {

int run_command(const Invocation& invocation);
int init_command(const Invocation& invocation);
int plan_command(const Invocation& invocation);
int best_trial_command(const Invocation& invocation);
int best_trials_command(const Invocation& invocation);
int trials_command(const Invocation& invocation);
int curves_command(const Invocation& invocation);
int export_command(const Invocation& invocation);
int explain_command(const Invocation& invocation);
int importance_command(const Invocation& invocation);
int report_command(const Invocation& invocation);
int watch_command(const Invocation& invocation);
int diff_command(const Invocation& invocation);
int replay_command(const Invocation& invocation);
int studies_command(const Invocation& invocation);
int enqueue_command(const Invocation& invocation);
int ask_command(const Invocation& invocation);
int tell_command(const Invocation& invocation);
int copy_study_command(const Invocation& invocation);
int confirm_command(const Invocation& invocation);
int verify_command(const Invocation& invocation);
int retrain_command(const Invocation& invocation);
int evaluate_command(const Invocation& invocation);
int predict_command(const Invocation& invocation);
int delete_study_command(const Invocation& invocation);
int check_command(const Invocation& invocation);
int doctor_command(const Invocation& invocation);
int completion_command(const Invocation& invocation);
int man_page_command(const Invocation& invocation);
int help_command(const Invocation& invocation);

/// Every command, in the order of the help. A new one is a file in commands/ and a line in registry.cpp.
[[nodiscard]] const std::vector<Command>& commands();

/// The command of that name or alias, or null.
[[nodiscard]] const Command* find_command(std::string_view name);

/// Names and aliases, for suggestions.
[[nodiscard]] std::vector<std::string> command_names();

}  // namespace fmnist_tune
