#include "cli/study_file/node_reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace fmnist_tune {

void Place::complain(std::string expected) const {
  complain(std::move(expected), describe(*node_));
}

void Place::complain(std::string expected, std::string found) const {
  add(node_->at, pointer_, std::move(expected), std::move(found));
}

void Place::complain_about_key(const Member& member, std::string expected, std::string found) const {
  add(member.key_at, pointer_to(pointer_, member.key), std::move(expected), std::move(found));
}

void Place::add(Position at, std::string pointer, std::string expected, std::string found) const {
  if (has_enough_complaints()) return;
  complaints_->push_back({at.line, at.column, std::move(pointer), std::move(expected), std::move(found)});
}

bool Place::is_object() const {
  if (node_->kind == Node::Kind::kObject) return true;
  complain("an object");
  return false;
}

bool Place::is_list(std::size_t max_items) const {
  if (node_->kind != Node::Kind::kList) {
    complain("a list");
    return false;
  }
  if (node_->items.size() <= max_items) return true;
  complain(fmt::format("at most {} items", max_items), fmt::format("{}", node_->items.size()));
  return false;
}

bool Place::is_filled_list(std::size_t max_items) const {
  if (!is_list(max_items)) return false;
  if (!node_->items.empty()) return true;
  complain("at least one item");
  return false;
}

std::optional<Place> Place::member(std::string_view key) const {
  const Node* found = node_->find(key);
  if (found == nullptr) return std::nullopt;
  return Place(*found, pointer_to(pointer_, key), *complaints_);
}

std::optional<Place> Place::required(std::string_view key, std::string_view expected) const {
  std::optional<Place> found = member(key);
  if (!found) complain(fmt::format("\"{}\": {}", key, expected), "no such key");
  return found;
}

Place Place::at(const Member& member) const {
  return Place(member.value, pointer_to(pointer_, member.key), *complaints_);
}

Place Place::item(std::size_t index) const {
  return Place(node_->items[index], pointer_to(pointer_, std::to_string(index)), *complaints_);
}

void Place::check_keys(const std::vector<std::string>& known) const {
  for (const Member& member : node_->members) {
    if (has_enough_complaints()) return;
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    complain_about_key(member, "one of the keys " + listed(known),
                       describe_text(member.key) + did_you_mean(member.key, known));
  }
}

std::optional<std::string> Place::read_string(std::string_view expected) const {
  if (node_->kind == Node::Kind::kString && !node_->text.empty()) return node_->text;
  complain(std::string(expected));
  return std::nullopt;
}

std::optional<bool> Place::read_bool() const {
  if (node_->kind == Node::Kind::kBool) return node_->boolean;
  complain("true or false");
  return std::nullopt;
}

std::optional<double> Place::read_number() const {
  if (node_->is_number()) return node_->real;
  complain("a number");
  return std::nullopt;
}

std::optional<std::int64_t> Place::read_integer(std::int64_t low, std::int64_t high) const {
  const std::optional<std::int64_t> value = whole_number(*node_);
  if (value && *value >= low && *value <= high) return value;
  if (high < kMaxExactInteger) {
    complain(fmt::format("an integer from {} to {}", low, high));
    return std::nullopt;
  }
  const bool is_too_large = node_->is_number() && node_->real >= static_cast<double>(kMaxExactInteger);
  if (is_too_large) {
    complain("an integer of at most 2^53");
  } else {
    complain(low == -kMaxExactInteger ? "an integer" : fmt::format("an integer of at least {}", low));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Place::read_seed() const {
  if (const std::optional<std::int64_t> value = whole_number(*node_); value && *value >= 0) {
    return static_cast<std::uint64_t>(*value);
  }
  std::uint64_t seed = 0;
  const char* end = node_->text.data() + node_->text.size();
  if (node_->is_number()) {
    const auto [stop, error] = std::from_chars(node_->text.data(), end, seed);
    if (error == std::errc() && stop == end) return seed;
  }
  complain("an integer from 0 to 2^64 - 1");
  return std::nullopt;
}

std::optional<std::string> Place::read_choice(const std::vector<std::string>& choices) const {
  if (node_->kind == Node::Kind::kString &&
      std::find(choices.begin(), choices.end(), node_->text) != choices.end()) {
    return node_->text;
  }
  const std::string hint = node_->kind == Node::Kind::kString ? did_you_mean(node_->text, choices) : "";
  complain(listed(choices), describe(*node_) + hint);
  return std::nullopt;
}

std::optional<std::int64_t> whole_number(const Node& node) {
  if (node.kind == Node::Kind::kInteger) return node.integer;
  // Beyond 2^53 a real no longer says which integer was meant.
  if (node.kind == Node::Kind::kReal && std::trunc(node.real) == node.real &&
      std::abs(node.real) <= static_cast<double>(kMaxExactInteger)) {
    return static_cast<std::int64_t>(node.real);
  }
  return std::nullopt;
}

}  // namespace fmnist_tune
