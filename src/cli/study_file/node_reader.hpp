#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/study_file/json_tree.hpp"

namespace fmnist_tune {

/// Whole numbers beyond this are not exact in a double, which is what every program stores a parameter as.
inline constexpr std::int64_t kMaxExactInteger = std::int64_t{1} << 53;

inline constexpr std::size_t kMaxComplaints = 1000;

/// A value of the tree together with the way to it, and typed reading that complains instead of throwing: a
/// reader that gets nothing has been complained about and goes on with the rest of the file.
class Place {
 public:
  Place(const Node& node, std::string pointer, std::vector<Complaint>& complaints)
      : node_(&node), pointer_(std::move(pointer)), complaints_(&complaints) {}

  [[nodiscard]] const Node& node() const { return *node_; }
  [[nodiscard]] const std::string& pointer() const { return pointer_; }

  /// Complains about this value; `found` by default shows it.
  void complain(std::string expected) const;
  void complain(std::string expected, std::string found) const;
  /// Complains at the key of a member, for keys that should not be there.
  void complain_about_key(const Member& member, std::string expected, std::string found) const;

  /// No further complaint is kept: a person reads no thousand of them, and a hostile file gets no gigabytes.
  [[nodiscard]] bool has_enough_complaints() const { return complaints_->size() >= kMaxComplaints; }

  /// Complains unless this is an object, a non-empty or any list.
  [[nodiscard]] bool is_object() const;
  [[nodiscard]] bool is_list(std::size_t max_items) const;
  [[nodiscard]] bool is_filled_list(std::size_t max_items) const;

  /// A member of an object, or nothing.
  [[nodiscard]] std::optional<Place> member(std::string_view key) const;
  /// Complains when the member is missing; `expected` says what it would be.
  [[nodiscard]] std::optional<Place> required(std::string_view key, std::string_view expected) const;
  [[nodiscard]] Place at(const Member& member) const;
  [[nodiscard]] Place item(std::size_t index) const;

  /// Complains about each member that is not in `known`.
  void check_keys(const std::vector<std::string>& known) const;

  [[nodiscard]] std::optional<std::string> read_string(std::string_view expected = "a string") const;
  [[nodiscard]] std::optional<bool> read_bool() const;
  /// A finite number.
  [[nodiscard]] std::optional<double> read_number() const;
  /// A whole number in [low, high]; 16.0 is one, as in JSON Schema.
  [[nodiscard]] std::optional<std::int64_t> read_integer(std::int64_t low = -kMaxExactInteger,
                                                         std::int64_t high = kMaxExactInteger) const;
  /// A whole number in [0, 2^64 − 1].
  [[nodiscard]] std::optional<std::uint64_t> read_seed() const;
  /// One of the texts.
  [[nodiscard]] std::optional<std::string> read_choice(const std::vector<std::string>& choices) const;

 private:
  void add(Position at, std::string pointer, std::string expected, std::string found) const;

  const Node* node_;
  std::string pointer_;
  std::vector<Complaint>* complaints_;
};

/// The node's value as a whole number when it is one that 64 bits hold, 16.0 included.
[[nodiscard]] std::optional<std::int64_t> whole_number(const Node& node);

}  // namespace fmnist_tune
