#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/study_file/complaint.hpp"
#include "tune/distribution.hpp"

namespace fmnist_tune {

struct Position {
  std::size_t line = 0;    ///< From 1.
  std::size_t column = 0;  ///< From 1, in code points.
};

struct Member;

/// A JSON value that knows where it stands in the file.
struct Node {
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kReal, kString, kList, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;     ///< For kInteger: a whole number that 64 bits hold.
  double real = 0.0;            ///< For kInteger and kReal.
  std::string text;             ///< For kString the string, for numbers their spelling.
  std::vector<Node> items;      ///< For kList.
  std::vector<Member> members;  ///< For kObject, in the order of the file, each key once.
  Position at;

  [[nodiscard]] bool is_number() const { return kind == Kind::kInteger || kind == Kind::kReal; }
  /// null, a truth value, a number or a string.
  [[nodiscard]] bool is_scalar() const { return kind != Kind::kList && kind != Kind::kObject; }
  /// The value of a scalar.
  [[nodiscard]] tune::ParamValue scalar() const;
  /// The value of that key, or null.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Member {
  std::string key;
  Position key_at;
  Node value;
};

/// The deepest nesting and the longest text a study file may have: more is a mistake or an attack.
inline constexpr std::size_t kMaxNesting = 32;
inline constexpr std::size_t kMaxJsonBytes = std::size_t{1} << 20;

/// A text under this key is for people, as in JSON Schema, and in no object of the tree.
inline constexpr std::string_view kCommentKey = "$comment";

/// Parses JSON (RFC 8259, UTF-8, a byte order mark is skipped). Duplicate keys are complained about and their
/// first value is kept; a syntax error is one complaint, and there is then no tree.
[[nodiscard]] std::optional<Node> parse_json(std::string_view text, std::vector<Complaint>& complaints);

/// The same document as one line of JSON, without the members of the root named `without`.
[[nodiscard]] std::string to_canonical_json(const Node& root, std::string_view without);

/// What a person sees of a value: scalars as JSON (long ones cut), else "an object", "an empty list", …
[[nodiscard]] std::string describe(const Node& node);

/// A text in quotes, cut when it is long.
[[nodiscard]] std::string describe_text(const std::string& text);

/// `pointer`/`key`, escaped as RFC 6901 asks.
[[nodiscard]] std::string pointer_to(const std::string& pointer, std::string_view key);

}  // namespace fmnist_tune
