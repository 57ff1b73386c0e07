#pragma once

#include <boost/program_options.hpp>

#include "cli/run/run_request.hpp"

/// Options of the commands that run trials: where, how many at a time, and what is kept of unfinished ones.
namespace fmnist_tune {

/// Declares `--data`.
void add_data_option(boost::program_options::options_description& options);
/// `--data`; empty when it is not given. Throws UsageError when there is no such folder.
[[nodiscard]] std::string data_folder(const boost::program_options::variables_map& values);

/// Declares `--jobs`, `--devices`, `--jobs-per-device` and `--data`.
void add_device_options(boost::program_options::options_description& options);
/// Declares `--no-checkpoints`, `--checkpoint-seconds` and `--max-checkpoints`.
void add_checkpoint_options(boost::program_options::options_description& options);
/// Declares `--log-level`, `--log-file` and `--events`; `--quiet` has another text in each command.
void add_log_options(boost::program_options::options_description& options);

/// Each reads what the function above declares into the request. Throws UsageError.
void read_device_options(const boost::program_options::variables_map& values, RunRequest& request);
void read_checkpoint_options(const boost::program_options::variables_map& values, RunRequest& request);
void read_log_options(const boost::program_options::variables_map& values, RunRequest& request);

/// Ten years: far from where adding to the time of day overflows.
inline constexpr std::int64_t kMaxTimeoutSeconds = std::int64_t{10} * 365 * 24 * 3600;

}  // namespace fmnist_tune
