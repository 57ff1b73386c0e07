#include "cli/study_file/command_reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "cli/study_file/parameter_rules.hpp"
#include "command/command_template.hpp"
#include "tune/error.hpp"

namespace fmnist_tune {
namespace {

constexpr const char* kNoCharacter0 = "a text without the character 0";

bool is_cut(const Node& node) {
  return node.kind == Node::Kind::kString && node.text.find('\0') != std::string::npos;
}

/// What is expected instead of the argument, or nothing.
std::optional<std::string> objection(const std::string& argument, bool is_program) {
  if (argument.find('\0') != std::string::npos) return kNoCharacter0;
  try {
    const auto pieces = command::pieces_of(argument);
    const bool is_fixed = std::none_of(pieces.begin(), pieces.end(),
                                       [](const command::Piece& piece) { return piece.is_placeholder; });
    if (is_program && (argument.empty() || !is_fixed))
      return "the name or path of a program, without placeholders";
  } catch (const tune::InvalidArgument& error) {
    return error.what();
  }
  return std::nullopt;
}

bool is_of_every_trial(const std::string& name) {
  const auto& own = command::trial_names();
  return std::find(own.begin(), own.end(), name) != own.end();
}

bool is_known(const std::string& name, const SpaceReading& reading, const tune::ParamValues& fixed) {
  const auto base = name_without_layer(name);
  return reading.space.find(name) != nullptr || fixed.contains(name) || reading.broken.contains(name) ||
         (base && reading.broken.contains(*base)) || is_of_every_trial(name);
}

void complain_unknown(const Place& argument, const std::string& name, const SpaceReading& reading,
                      const tune::ParamValues& fixed) {
  std::vector<std::string> names;
  for (const auto& declaration : reading.space.parameters()) names.push_back(declaration.name);
  for (const auto& [known, value] : fixed) names.push_back(known);
  names.insert(names.end(), command::trial_names().begin(), command::trial_names().end());
  std::string hint = did_you_mean(name, names);
  if (reading.space.find(layer_name(name, 0)) != nullptr) {
    hint = fmt::format(" (did you mean \"{}\"?)", layer_name(name, 0));
  }
  argument.complain("a placeholder for a parameter of \"space\" or \"fixed\": " + listed(names),
                    describe_text("{" + name + "}") + hint);
}

}  // namespace

bool runs_programs(const tune::ObjectiveManifest& manifest) {
  return std::any_of(manifest.settings.begin(), manifest.settings.end(), [](const tune::OptionSpec& setting) {
    return setting.kind == tune::OptionKind::kCommand;
  });
}

std::optional<std::string> read_command(const Place& list) {
  if (!list.is_filled_list(kMaxArguments)) return std::nullopt;
  std::vector<std::string> command;
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    const Place item = list.item(i);
    if (item.node().kind != Node::Kind::kString) {
      item.complain("a text");
    } else if (const auto expected = objection(item.node().text, i == 0)) {
      item.complain(*expected);
    } else {
      command.push_back(item.node().text);
    }
  }
  if (command.size() != list.node().items.size()) return std::nullopt;
  return command::to_json(command);
}

void check_placeholders(const Place& list, const SpaceReading& reading, const tune::ParamValues& fixed) {
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    const Place item = list.item(i);
    if (item.node().kind != Node::Kind::kString || objection(item.node().text, i == 0)) continue;
    for (const command::Piece& piece : command::pieces_of(item.node().text)) {
      if (piece.is_placeholder && !is_known(piece.text, reading, fixed) && !list.has_enough_complaints()) {
        complain_unknown(item, piece.text, reading, fixed);
      }
    }
  }
}

void check_parameters_of_command(const Place& object) {
  for (const Member& member : object.node().members) {
    if (object.has_enough_complaints()) return;
    const Place value = object.at(member);
    if (is_of_every_trial(member.key)) {
      object.complain_about_key(member, "another name: this one stands for something of every trial",
                                describe_text(member.key));
    }
    if (is_cut(value.node())) value.complain(kNoCharacter0);
    const auto choices = value.member("choices");
    for (std::size_t i = 0; choices && i < choices->node().items.size(); ++i) {
      if (is_cut(choices->item(i).node())) choices->item(i).complain(kNoCharacter0);
    }
  }
}

}  // namespace fmnist_tune
