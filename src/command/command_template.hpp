#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The command of a study file: a program and its arguments, never a line for a shell. `{name}` in an argument
/// stands for a value, `{{` and `}}` for braces.
namespace command {

/// What placeholders may name beside the parameters of a trial; each is also a variable of the environment.
inline constexpr const char* kTrialNumber = "TUNE_TRIAL_NUMBER";
inline constexpr const char* kStudyName = "TUNE_STUDY_NAME";
inline constexpr const char* kSeed = "TUNE_SEED";
inline constexpr const char* kDevice = "TUNE_DEVICE";
inline constexpr const char* kSlot = "TUNE_SLOT";
inline constexpr const char* kParamsFile = "TUNE_PARAMS_FILE";
[[nodiscard]] const std::vector<std::string>& trial_names();

/// An argument in pieces: texts, and the names of placeholders.
struct Piece {
  bool is_placeholder = false;
  std::string text;
};

/// Throws InvalidArgument for a brace without its partner and for a placeholder without a name.
[[nodiscard]] std::vector<Piece> pieces_of(std::string_view argument);

using Values = std::map<std::string, std::string, std::less<>>;

/// The argument with its placeholders replaced; nothing when one names what has no value in this trial, as a
/// parameter that exists only under a condition: the argument is left out then.
[[nodiscard]] std::optional<std::string> filled(std::string_view argument, const Values& values);

/// The same for all of them, in order.
[[nodiscard]] std::vector<std::string> filled(const std::vector<std::string>& arguments, const Values& values);

/// A command as the text of an OptionKind::kCommand, and back. Throws FormatError for another text.
[[nodiscard]] std::string to_json(const std::vector<std::string>& command);
[[nodiscard]] std::vector<std::string> command_from_json(std::string_view text);

}  // namespace command
