#pragma once

#include <boost/program_options.hpp>
#include <filesystem>
#include <string>
#include <string_view>

/// Files that a command writes besides what it prints.
namespace fmnist_tune {

/// Declares `--output` and `--force`.
void add_output_options(boost::program_options::options_description& options, const std::string& description);

/// Throws UsageError when the file cannot be written there, or is there already and `--force` is not given.
/// Asked before long work: it is no promise.
void check_place(const std::filesystem::path& path, const boost::program_options::variables_map& values);

/// Puts the text into the file at once, in place of what is there. Throws Error that names the file.
void write_whole(const std::filesystem::path& path, std::string_view text);

}  // namespace fmnist_tune
