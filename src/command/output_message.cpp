#include "command/output_message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "tune/error.hpp"
#include "tune/format/json_depth.hpp"
#include "tune/format/python_json.hpp"

namespace command {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kKeys = {"value", "values", "constraints", "pruned", "user_attrs"};

[[noreturn]] void complain(std::string_view key, std::string_view expected, const Json& found) {
  std::string text = found.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr std::size_t kShown = 100;
  if (text.size() > kShown) text = std::string(utf8_prefix(text, kShown)) + "…";
  throw tune::FormatError(fmt::format("\"{}\" in its output: expected {}, found {}", key, expected, text));
}

/// Without spaces, and NaN and Infinity where JSON has no number for them.
std::string python_text(const Json& node) {
  if (node.is_number_float() && !std::isfinite(node.get<double>()))
    return tune::format::python_float(node.get<double>());
  if (!node.is_structured()) return node.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (const auto& [name, value] : node.items()) {
    if (!text.empty()) text += ',';
    if (node.is_object()) text += Json(name).dump(-1, ' ', false, Json::error_handler_t::replace) + ':';
    text += python_text(value);
  }
  return node.is_object() ? '{' + text + '}' : '[' + text + ']';
}

double number_in(const Json& node, std::string_view key) {
  if (!node.is_number()) complain(key, "a number", node);
  return node.get<double>();
}

std::vector<double> numbers_in(const Json& list, std::string_view key) {
  if (!list.is_array()) complain(key, "a list of numbers", list);
  std::vector<double> numbers;
  for (const Json& item : list) numbers.push_back(number_in(item, key));
  return numbers;
}

std::int64_t step_in(const Json& node) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto* step = node.get_ptr<const std::uint64_t*>();
  if (step == nullptr || *step > kMost) complain("step", "an integer >= 0", node);
  return static_cast<std::int64_t>(*step);
}

void read_values(const Json& object, OutputMessage& message) {
  const auto value = object.find("value");
  const auto values = object.find("values");
  const auto step = object.find("step");
  if (value != object.end()) {
    if (values != object.end()) complain("values", "no list beside \"value\"", *values);
    message.values.emplace(1, number_in(*value, "value"));
    if (step != object.end()) message.step = step_in(*step);
  } else if (values != object.end()) {
    if (step != object.end()) complain("values", "\"value\" with one number beside \"step\"", *values);
    message.values = numbers_in(*values, "values");
  }
}

void read_pruned(const Json& node, OutputMessage& message) {
  if (!node.is_string() && !node.is_boolean()) complain("pruned", "true or a reason", node);
  if (node == false) return;
  // A trial without a reason would count as one that the pruner stopped.
  message.pruned = node.is_string() && node != "" ? node.get<std::string>() : "pruned by the program";
}

void read_user_attrs(const Json& node, OutputMessage& message) {
  if (!node.is_object()) complain("user_attrs", "an object", node);
  for (const auto& [name, value] : node.items()) {
    message.user_attrs.insert_or_assign(name, python_text(value));
  }
}

bool is_message(const Json& object) {
  return object.is_object() &&
         std::any_of(kKeys.begin(), kKeys.end(), [&](const char* key) { return object.contains(key); });
}

/// A look at the text alone, for what is nested too deep to be read.
bool may_be_message(std::string_view text) {
  return std::any_of(kKeys.begin(), kKeys.end(), [&](const char* key) {
    return text.find(fmt::format("\"{}\"", key)) != std::string_view::npos;
  });
}

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  std::size_t end = max_bytes;
  while (end > 0 && continues(end)) --end;
  return text.substr(0, end);
}

std::optional<OutputMessage> read_message(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos || line[begin] != '{') return std::nullopt;
  if (tune::format::is_too_deep(line)) {
    if (!may_be_message(line)) return std::nullopt;
    throw tune::FormatError(
        fmt::format("a line of its output: expected at most {} levels of nesting, found more",
                    tune::format::kMaxJsonDepth));
  }
  const Json object = tune::format::parse_python_json(line.substr(begin));
  if (!is_message(object)) return std::nullopt;
  OutputMessage message;
  read_values(object, message);
  if (const auto node = object.find("constraints"); node != object.end()) {
    message.constraints = numbers_in(*node, "constraints");
  }
  if (const auto node = object.find("pruned"); node != object.end()) read_pruned(*node, message);
  if (const auto node = object.find("user_attrs"); node != object.end()) read_user_attrs(*node, message);
  return message;
}

std::vector<std::string> LineBuffer::add(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    is_too_long_ = is_too_long_ || line_.size() + (end - begin) > kMaxLineBytes;
    if (is_too_long_) {
      line_.clear();
    } else {
      line_ += text.substr(begin, end - begin);
    }
    if (end == text.size()) break;
    if (!std::exchange(is_too_long_, false)) lines.push_back(std::move(line_));
    line_.clear();
    begin = end + 1;
  }
  return lines;
}

std::optional<std::string> LineBuffer::rest() {
  const bool is_line = !std::exchange(is_too_long_, false) && !line_.empty();
  std::string line = std::exchange(line_, {});
  return is_line ? std::optional(std::move(line)) : std::nullopt;
}

}  // namespace command
