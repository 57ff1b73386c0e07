#include "tune/format/python_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "tune/format/json_depth.hpp"

namespace tune::format {
namespace {

struct Decimal {
  bool negative = false;
  std::string digits;  ///< Without the point: d1 d2 d3 … stands for d1.d2d3…
  int exponent = 0;
};

Decimal shortest_decimal(double value) {
  std::array<char, 40> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  Decimal decimal;
  decimal.negative = text.front() == '-';
  if (decimal.negative) text.remove_prefix(1);
  const std::size_t e = text.find('e');
  for (const char c : text.substr(0, e)) {
    if (c != '.') decimal.digits += c;
  }
  std::string_view exponent = text.substr(e + 1);
  if (exponent.front() == '+') exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), decimal.exponent);
  return decimal;
}

std::string with_exponent(const Decimal& decimal) {
  std::string text = decimal.digits.substr(0, 1);
  if (decimal.digits.size() > 1) text += "." + decimal.digits.substr(1);
  const std::string exponent = std::to_string(std::abs(decimal.exponent));
  return text + (decimal.exponent < 0 ? "e-" : "e+") + (exponent.size() < 2 ? "0" : "") + exponent;
}

std::string without_exponent(const Decimal& decimal) {
  if (decimal.exponent < 0) {
    return "0." + std::string(static_cast<std::size_t>(-decimal.exponent - 1), '0') + decimal.digits;
  }
  const auto whole = static_cast<std::size_t>(decimal.exponent) + 1;
  std::string digits = decimal.digits;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  const std::string fraction = digits.substr(whole);
  return digits.substr(0, whole) + "." + (fraction.empty() ? "0" : fraction);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array<std::pair<std::string_view, std::optional<double>>, 4> kWords = {{
    {"null", std::nullopt},
    {"NaN", std::numeric_limits<double>::quiet_NaN()},
    {"-Infinity", -kInfinity},
    {"Infinity", kInfinity},
}};

/// Strict JSON: every word that Python knows beyond it became a null.
struct StrictText {
  std::string text;
  std::vector<std::optional<double>> nulls;  ///< What each null stands for, in order; nothing for a real one.
};

StrictText strict_text(std::string_view text) {
  StrictText strict;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const auto* word = std::find_if(kWords.begin(), kWords.end(),
                                    [&](const auto& candidate) { return rest.starts_with(candidate.first); });
    std::size_t length = 1;
    if (!in_string && word != kWords.end()) {
      strict.text += "null";
      strict.nulls.push_back(word->second);
      i += word->first.size();
      continue;
    }
    if (rest.front() == '"') in_string = !in_string;
    if (in_string && rest.front() == '\\' && rest.size() > 1) length = 2;
    strict.text += rest.substr(0, length);
    i += length;
  }
  return strict;
}

}  // namespace

std::string python_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const Decimal decimal = shortest_decimal(value);
  const bool scientific = decimal.exponent < -4 || decimal.exponent >= 16;
  return (decimal.negative ? "-" : "") + (scientific ? with_exponent(decimal) : without_exponent(decimal));
}

std::string python_string(std::string_view text) {
  // Printable ASCII but for quote and backslash stands for itself.
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) return '"' + std::string(text) + '"';
  constexpr int kCompact = -1;
  constexpr bool kEnsureAscii = true;
  return nlohmann::json(text).dump(kCompact, ' ', kEnsureAscii, nlohmann::json::error_handler_t::replace);
}

nlohmann::ordered_json parse_python_json(std::string_view text) {
  using Json = nlohmann::ordered_json;
  constexpr bool kAllowExceptions = false;
  if (is_too_deep(text)) return Json::value_t::discarded;
  if (text.find("NaN") == std::string_view::npos && text.find("Infinity") == std::string_view::npos) {
    return Json::parse(text, nullptr, kAllowExceptions);
  }
  const StrictText strict = strict_text(text);
  std::size_t n_nulls = 0;
  const auto put_number = [&](int /*depth*/, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::value && parsed.is_null()) {
      const std::optional<double>& number = strict.nulls.at(n_nulls++);
      if (number) parsed = *number;
    }
    return true;
  };
  return Json::parse(strict.text, put_number, kAllowExceptions);
}

}  // namespace tune::format
