#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tune/error.hpp"

/// Numbers, texts and lists as bytes and back, for checkpoints. Little-endian, without padding.
namespace tune {

static_assert(std::endian::native == std::endian::little, "checkpoints are read as they stand in memory");

template <typename T>
concept Number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

/// Appends to a list of bytes. Not thread-safe.
class ByteWriter {
 public:
  template <Number T>
  void write(T number) {
    append(&number, sizeof number);
  }
  /// The length, then the numbers.
  template <Number T>
  void write_list(const std::vector<T>& numbers) {
    write(static_cast<std::uint64_t>(numbers.size()));
    append(numbers.data(), numbers.size() * sizeof(T));
  }
  void write_text(std::string_view text) {
    write(static_cast<std::uint64_t>(text.size()));
    append(text.data(), text.size());
  }
  void write_bytes(std::span<const std::byte> bytes) {
    write(static_cast<std::uint64_t>(bytes.size()));
    append(bytes.data(), bytes.size());
  }
  [[nodiscard]] const std::vector<std::byte>& bytes() const& { return bytes_; }
  [[nodiscard]] std::vector<std::byte> bytes() && { return std::move(bytes_); }

 private:
  void append(const void* from, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(from);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }

  std::vector<std::byte> bytes_;
};

/// Reads what ByteWriter wrote, in the same order. The bytes may be anything: every length is checked before
/// memory is asked for, and what does not fit throws FormatError. The bytes must outlive it. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <Number T>
  [[nodiscard]] T read() {
    T number;
    std::memcpy(&number, take(sizeof number).data(), sizeof number);
    return number;
  }
  template <Number T>
  [[nodiscard]] std::vector<T> read_list() {
    const auto from = take_counted(sizeof(T));
    std::vector<T> numbers(from.size() / sizeof(T));
    if (!from.empty()) std::memcpy(numbers.data(), from.data(), from.size());
    return numbers;
  }
  [[nodiscard]] std::string read_text() {
    const auto from = take_counted(1);
    return {reinterpret_cast<const char*>(from.data()), from.size()};
  }
  [[nodiscard]] std::vector<std::byte> read_bytes() {
    const auto from = take_counted(1);
    return {from.begin(), from.end()};
  }
  /// Throws FormatError when something is left.
  void expect_end() const {
    if (!rest_.empty()) throw FormatError("there is more data than expected");
  }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (size > rest_.size()) throw FormatError("the data end too early");
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::span<const std::byte> take_counted(std::size_t item_size) {
    const auto count = read<std::uint64_t>();
    if (count > rest_.size() / item_size) throw FormatError("the data end too early");
    return take(static_cast<std::size_t>(count) * item_size);
  }

  std::span<const std::byte> rest_;
};

}  // namespace tune
