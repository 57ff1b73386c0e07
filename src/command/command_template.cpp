#include "command/command_template.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tune/error.hpp"

namespace command {
namespace {

using Json = nlohmann::json;

/// Reads `{name}`, of which the first brace stands at `begin`; moves `begin` behind it.
std::string read_name(std::string_view argument, std::size_t& begin) {
  const std::size_t end = argument.find_first_of("{}", begin + 1);
  if (end == std::string_view::npos || argument[end] == '{') {
    throw tune::InvalidArgument("a \"}\" for every \"{\", and \"{{\" for a brace itself");
  }
  if (end == begin + 1) throw tune::InvalidArgument("a name between \"{\" and \"}\"");
  std::string name(argument.substr(begin + 1, end - begin - 1));
  begin = end + 1;
  return name;
}

void append(std::vector<Piece>& pieces, std::string_view text) {
  if (text.empty()) return;
  if (pieces.empty() || pieces.back().is_placeholder) pieces.push_back({});
  pieces.back().text += text;
}

}  // namespace

const std::vector<std::string>& trial_names() {
  static const std::vector<std::string> kNames = {kTrialNumber, kStudyName, kSeed, kDevice, kSlot, kParamsFile};
  return kNames;
}

std::vector<Piece> pieces_of(std::string_view argument) {
  std::vector<Piece> pieces;
  std::size_t at = 0;
  while (at < argument.size()) {
    const std::size_t brace = std::min(argument.find_first_of("{}", at), argument.size());
    append(pieces, argument.substr(at, brace - at));
    at = brace;
    if (at == argument.size()) break;
    if (argument.substr(at, 2) == "{{" || argument.substr(at, 2) == "}}") {
      append(pieces, argument.substr(at, 1));
      at += 2;
    } else if (argument[at] == '{') {
      pieces.push_back({true, read_name(argument, at)});
    } else {
      throw tune::InvalidArgument("a \"{\" for every \"}\", and \"}}\" for a brace itself");
    }
  }
  return pieces;
}

std::optional<std::string> filled(std::string_view argument, const Values& values) {
  std::string text;
  for (const Piece& piece : pieces_of(argument)) {
    if (!piece.is_placeholder) {
      text += piece.text;
      continue;
    }
    const auto value = values.find(piece.text);
    if (value == values.end()) return std::nullopt;
    text += value->second;
  }
  return text;
}

std::vector<std::string> filled(const std::vector<std::string>& arguments, const Values& values) {
  std::vector<std::string> texts;
  for (const std::string& argument : arguments) {
    if (auto text = filled(argument, values)) texts.push_back(std::move(*text));
  }
  return texts;
}

std::string to_json(const std::vector<std::string>& command) {
  return Json(command).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> command_from_json(std::string_view text) {
  const Json list = Json::parse(text, nullptr, false);
  const auto is_text = [](const Json& item) { return item.is_string(); };
  if (!list.is_array() || list.empty() || !std::all_of(list.begin(), list.end(), is_text)) {
    throw tune::FormatError("a command is a list of texts, the program first");
  }
  return list.get<std::vector<std::string>>();
}

}  // namespace command
