#include "tune/storages/json_text.hpp"

#include <nlohmann/json.hpp>

#include "tune/distribution.hpp"
#include "tune/error.hpp"
#include "tune/format/python_json.hpp"

namespace tune::storages {
namespace {

using Json = nlohmann::json;

/// Position just after the string that starts at `begin`, or npos.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// Walks over an object known to be valid.
class MemberScanner {
 public:
  explicit MemberScanner(std::string_view text) : text_(text), at_(text.find('{') + 1) {}

  std::vector<std::pair<std::string, std::string>> scan() {
    std::vector<std::pair<std::string, std::string>> members;
    for (skip_space(); text_[at_] == '"'; skip_space()) {
      std::string name = take_name();
      members.emplace_back(std::move(name), take_value());
      if (text_[at_] == ',') {
        ++at_;
      }
    }
    return members;
  }

 private:
  void skip_space() { at_ = text_.find_first_not_of(" \t\r\n", at_); }

  std::string take_name() {
    const std::size_t end = end_of_string(text_, at_);
    std::string name = Json::parse(text_.substr(at_, end - at_)).get<std::string>();
    at_ = text_.find(':', end) + 1;
    return name;
  }

  std::string take_value() {
    skip_space();
    const std::size_t begin = at_;
    int depth = 0;
    while (depth > 0 || (text_[at_] != ',' && text_[at_] != '}')) {
      if (text_[at_] == '"') {
        at_ = end_of_string(text_, at_);
        continue;
      }
      depth += text_[at_] == '{' || text_[at_] == '[' ? 1 : 0;
      depth -= text_[at_] == '}' || text_[at_] == ']' ? 1 : 0;
      ++at_;
    }
    const std::size_t last = text_.find_last_not_of(" \t\r\n", at_ - 1);
    return std::string(text_.substr(begin, last + 1 - begin));
  }

  std::string_view text_;
  std::size_t at_;
};

}  // namespace

bool is_json(std::string_view text) {
  return Json::accept(text) || !format::parse_python_json(text).is_discarded();
}

std::vector<std::pair<std::string, std::string>> object_members(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text[first] != '{' || !is_json(text)) {
    throw FormatError("expected a JSON object, found: " + std::string(text.substr(0, 200)));
  }
  return MemberScanner(text).scan();
}

std::string object_from_members(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string text = "{";
  for (const auto& [name, value] : members) {
    text += text.size() == 1 ? "" : ", ";
    text += to_json(ParamValue(name)) + ": " + value;
  }
  return text + "}";
}

}  // namespace tune::storages
