#include "cli/study_file/json_tree.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

namespace fmnist_tune {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kMaxShownBytes = 60;

/// Walks over the text and counts what the parser has taken, which is how values learn where they stand:
/// nlohmann's parser tells its handler values, not positions.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, std::size_t* taken) : at_(at), taken_(taken) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*taken_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  std::size_t* taken_;
};

/// Turns byte offsets that only grow into lines and columns, in one pass over the text.
class PositionTracker {
 public:
  explicit PositionTracker(std::string_view text)
      : text_(text), offset_(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0) {}

  Position at(std::size_t offset) {
    for (; offset_ < std::min(offset, text_.size()); ++offset_) advance(text_[offset_]);
    return position_;
  }

 private:
  void advance(char c) {
    if (c == '\n') {
      ++position_.line;
      position_.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
      ++position_.column;
    }
  }

  std::string_view text_;
  std::size_t offset_;
  Position position_{1, 1};
};

/// nlohmann's messages begin with "[json.exception.…] parse error at line 3, column 5: "; the position is
/// ours, so only the rest is of use, without the bytes last read, which may be no UTF-8.
std::string reason_alone(std::string message) {
  message.erase(std::min(message.find("; last read: "), message.size()));
  for (const std::string_view mark : {"] ", "parse error", ": "}) {
    const std::size_t at = message.find(mark);
    if (at == std::string::npos) return message;
    message.erase(0, at + (mark == "parse error" ? 0 : mark.size()));
  }
  return message;
}

/// Builds the tree from the parser's events.
class TreeBuilder : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(std::string_view text, const std::size_t& taken, std::vector<Complaint>& complaints)
      : text_(text), taken_(&taken), tracker_(text), complaints_(&complaints) {}

  bool null() override { return put(node(Node::Kind::kNull)); }
  bool boolean(bool value) override {
    Node result = node(Node::Kind::kBool);
    result.boolean = value;
    return put(std::move(result));
  }
  bool number_integer(number_integer_t value) override { return put_integer(value, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return put_integer(static_cast<std::int64_t>(value), std::to_string(value));
    }
    return number_float(static_cast<double>(value), std::to_string(value));
  }
  bool number_float(number_float_t value, const string_t& spelling) override {
    Node result = node(Node::Kind::kReal);
    result.real = value;
    result.text = spelling;
    return put(std::move(result));
  }
  bool string(string_t& value) override {
    Node result = node(Node::Kind::kString);
    result.text = std::move(value);
    return put(std::move(result));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Node::Kind::kObject); }
  bool start_array(std::size_t) override { return open(Node::Kind::kList); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    Frame& frame = open_.back();
    frame.key = std::move(name);
    frame.key_at = start_of_token();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const Position at = tracker_.at(position == 0 ? 0 : position - 1);
    complaints_->push_back({at.line, at.column, "", "valid JSON", reason_alone(error.what())});
    return false;
  }

  Node take_root() { return std::move(root_); }

 private:
  struct Frame {
    Node node;
    std::string pointer;
    std::string key;
    Position key_at;
    std::unordered_map<std::string, std::size_t> lines_of_keys;
  };

  /// The parser has just taken the last character of a token (for a number also the one after it).
  /// The token begins after the former one, past blanks and punctuation.
  Position start_of_token() {
    if (token_end_ == 0 && text_.starts_with(kByteOrderMark)) token_end_ = kByteOrderMark.size();
    const std::size_t start = text_.find_first_not_of(" \t\r\n,:", token_end_);
    token_end_ = *taken_;
    return tracker_.at(start == std::string_view::npos ? text_.size() : start);
  }

  Node node(Node::Kind kind) {
    Node result;
    result.kind = kind;
    result.at = start_of_token();
    return result;
  }

  bool put_integer(std::int64_t value, std::string spelling) {
    Node result = node(Node::Kind::kInteger);
    result.integer = value;
    result.real = static_cast<double>(value);
    result.text = std::move(spelling);
    return put(std::move(result));
  }

  bool open(Node::Kind kind) {
    Frame frame;
    frame.node = node(kind);
    if (open_.size() >= kMaxNesting) {
      complaints_->push_back({frame.node.at.line, frame.node.at.column, pointer_of_next(),
                              fmt::format("at most {} levels of nesting", kMaxNesting), "more"});
      return false;
    }
    frame.pointer = open_.empty() ? std::string() : pointer_of_next();
    open_.push_back(std::move(frame));
    return true;
  }

  bool close() {
    token_end_ = *taken_;
    Node finished = std::move(open_.back().node);
    open_.pop_back();
    return put(std::move(finished));
  }

  [[nodiscard]] std::string pointer_of_next() const {
    const Frame& frame = open_.back();
    return pointer_to(frame.pointer, frame.node.kind == Node::Kind::kObject
                                         ? frame.key
                                         : std::to_string(frame.node.items.size()));
  }

  bool put(Node value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Frame& frame = open_.back(); frame.node.kind == Node::Kind::kList) {
      frame.node.items.push_back(std::move(value));
    } else if (is_first(frame) && !take_comment(frame, value)) {
      frame.node.members.push_back({frame.key, frame.key_at, std::move(value)});
    }
    return true;
  }

  /// Whether it is one, which no tree holds.
  bool take_comment(const Frame& frame, const Node& value) {
    if (frame.key != kCommentKey) return false;
    if (value.kind != Node::Kind::kString)
      complaints_->push_back({value.at.line, value.at.column, pointer_of_next(), "a text", describe(value)});
    return true;
  }

  bool is_first(Frame& frame) {
    const auto [entry, inserted] = frame.lines_of_keys.try_emplace(frame.key, frame.key_at.line);
    if (!inserted) {
      complaints_->push_back({frame.key_at.line, frame.key_at.column, pointer_of_next(), "each key once",
                              fmt::format("it again (first on line {})", entry->second)});
    }
    return inserted;
  }

  std::string_view text_;
  const std::size_t* taken_;
  std::size_t token_end_ = 0;
  PositionTracker tracker_;
  std::vector<Complaint>* complaints_;
  std::vector<Frame> open_;
  Node root_;
};

/// Cut to what fits a message, never inside a character.
std::string shortened(std::string text) {
  if (text.size() <= kMaxShownBytes) return text;
  std::size_t length = kMaxShownBytes;
  while ((static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return text.substr(0, length) + "…";
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void append_json(const Node& node, std::string_view without, std::string& out);

template <typename Elements, typename Append>
void append_elements(const Elements& elements, Append&& append, std::string& out) {
  bool first = true;
  for (const auto& element : elements) {
    if (!std::exchange(first, false)) out += ", ";
    append(element);
  }
}

void append_object(const Node& node, std::string_view without, std::string& out) {
  std::vector<const Member*> kept;
  for (const Member& member : node.members) {
    if (without.empty() || member.key != without) kept.push_back(&member);
  }
  out += '{';
  append_elements(
      kept,
      [&out](const Member* member) {
        out += quoted(member->key) + ": ";
        append_json(member->value, {}, out);
      },
      out);
  out += '}';
}

void append_json(const Node& node, std::string_view without, std::string& out) {
  switch (node.kind) {
    case Node::Kind::kObject:
      append_object(node, without, out);
      break;
    case Node::Kind::kList:
      out += '[';
      append_elements(
          node.items, [&out](const Node& item) { append_json(item, {}, out); }, out);
      out += ']';
      break;
    case Node::Kind::kString:
      out += quoted(node.text);
      break;
    case Node::Kind::kBool:
      out += node.boolean ? "true" : "false";
      break;
    case Node::Kind::kNull:
      out += "null";
      break;
    default:
      out += node.text;
  }
}

}  // namespace

tune::ParamValue Node::scalar() const {
  switch (kind) {
    case Kind::kBool:
      return boolean;
    case Kind::kInteger:
      return integer;
    case Kind::kReal:
      return real;
    case Kind::kString:
      return text;
    default:
      return std::monostate{};
  }
}

const Node* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [key](const Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

std::optional<Node> parse_json(std::string_view text, std::vector<Complaint>& complaints) {
  if (text.size() > kMaxJsonBytes) {
    complaints.push_back(
        {1, 1, "", fmt::format("at most {} bytes", kMaxJsonBytes), fmt::format("{} bytes", text.size())});
    return std::nullopt;
  }
  std::size_t taken = 0;
  TreeBuilder builder(text, taken, complaints);
  const CountingIterator begin(text.data(), &taken);
  const CountingIterator end(text.data() + text.size(), &taken);
  if (!Json::sax_parse(begin, end, &builder)) return std::nullopt;
  return builder.take_root();
}

std::string to_canonical_json(const Node& root, std::string_view without) {
  std::string out;
  append_json(root, without, out);
  return out;
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kObject:
      return node.members.empty() ? "an empty object" : "an object";
    case Node::Kind::kList:
      return node.items.empty() ? "an empty list" : "a list";
    default:
      return shortened(to_canonical_json(node, {}));
  }
}

std::string describe_text(const std::string& text) {
  return shortened(quoted(text));
}

std::string pointer_to(const std::string& pointer, std::string_view key) {
  std::string result = pointer + '/';
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace fmnist_tune
