#include "tune/format/decimal_grid.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tune::format {
namespace {

__extension__ using Wide = __int128;

/// mantissa · 10^exponent.
struct Scaled {
  std::int64_t mantissa = 0;
  int exponent = 0;
};

Scaled decimal_of(double value) {
  std::array<char, 40> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  std::string digits;
  int fraction_digits = 0;
  bool fraction = false;
  for (const char c : text.substr(0, e)) {
    if (c == '.') {
      fraction = true;
    } else {
      digits += c;
      if (fraction) ++fraction_digits;
    }
  }
  Scaled scaled;
  std::from_chars(digits.data(), digits.data() + digits.size(), scaled.mantissa);
  const std::string_view exponent = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), scaled.exponent);
  scaled.exponent -= fraction_digits;
  return scaled;
}

/// The mantissa at a lower exponent, or nothing when it does not fit. 17 digits may grow by 20 at most.
std::optional<Wide> at_exponent(const Scaled& scaled, int exponent) {
  constexpr int kSpareDigits = 20;
  if (scaled.mantissa == 0) return 0;
  if (scaled.exponent - exponent > kSpareDigits) return std::nullopt;
  Wide wide = scaled.mantissa;
  for (int i = exponent; i < scaled.exponent; ++i) wide *= 10;
  return wide;
}

std::string text_of(Wide value) {
  const bool negative = value < 0;
  std::string digits;
  do {
    const int digit = static_cast<int>(value % 10);
    digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
    value /= 10;
  } while (value != 0);
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

double to_double(Wide mantissa, int exponent) {
  const std::string text = text_of(mantissa) + "e" + std::to_string(exponent);
  double value = 0.0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

double last_grid_point(double low, double high, double step) {
  const Scaled l = decimal_of(low);
  const Scaled h = decimal_of(high);
  const Scaled s = decimal_of(step);
  const int exponent = std::min({l.exponent, h.exponent, s.exponent});
  const auto wide_low = at_exponent(l, exponent);
  const auto wide_high = at_exponent(h, exponent);
  const auto wide_step = at_exponent(s, exponent);
  if (!wide_low || !wide_high || !wide_step) {
    return std::min(high, low + std::floor((high - low) / step + 1e-9) * step);
  }
  const Wide remainder = (*wide_high - *wide_low) % *wide_step;
  return remainder == 0 ? high : to_double(*wide_high - remainder, exponent);
}

}  // namespace tune::format
