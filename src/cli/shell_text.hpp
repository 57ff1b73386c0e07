#pragma once

#include <filesystem>
#include <string>
#include <vector>

/// Commands to print for a person who pastes them into a POSIX shell.
namespace fmnist_tune {

/// The word as a shell reads it back; plain words stay as they are.
[[nodiscard]] std::string shell_quoted(const std::string& word);

/// A path as a shell and then a program read it back: one that begins with "-" is no option.
[[nodiscard]] std::string shell_path(const std::filesystem::path& path);

/// All words, quoted, with blanks between them.
[[nodiscard]] std::string shell_text(const std::vector<std::string>& words);

}  // namespace fmnist_tune
