#include "tune/checkpoint_file.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <cstdint>

#include "tune/bytes.hpp"
#include "tune/error.hpp"

namespace tune {
namespace {

constexpr std::uint64_t kMagic = 0x54504b43454e5554;  // "TUNECKPT"
constexpr std::uint32_t kVersion = 1;
constexpr double kMaxSeconds = 1e9;  // Thirty years.

std::uint32_t checksum(std::span<const std::byte> bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

/// Says what kind of file it is before its checksum is looked at: a later version may have none.
void check_kind(std::span<const std::byte> bytes) {
  ByteReader reader(bytes);
  if (bytes.size() < sizeof kMagic || reader.read<std::uint64_t>() != kMagic)
    throw FormatError("this is not a checkpoint");
  const auto version = reader.read<std::uint32_t>();
  if (version != kVersion) {
    throw FormatError(fmt::format("it has version {} of the format, not {}", version, kVersion));
  }
}

/// What stands before the checksum, which fits.
std::span<const std::byte> checked_body(std::span<const std::byte> bytes) {
  const std::size_t size = bytes.size() - sizeof(std::uint32_t);
  if (ByteReader(bytes.subspan(size)).read<std::uint32_t>() != checksum(bytes.first(size)))
    throw FormatError("it is damaged: its checksum does not fit");
  return bytes.first(size);
}

}  // namespace

std::vector<std::byte> encode_checkpoint(const CheckpointFile& file) {
  ByteWriter writer;
  writer.write(kMagic);
  writer.write(kVersion);
  writer.write_text(file.study_name);
  writer.write(file.trial.value);
  writer.write_text(file.fingerprint);
  writer.write(file.checkpoint.step);
  writer.write(file.checkpoint.seconds);
  writer.write_bytes(file.checkpoint.bytes);
  writer.write(checksum(writer.bytes()));
  return std::move(writer).bytes();
}

CheckpointFile decode_checkpoint(std::span<const std::byte> bytes) {
  check_kind(bytes);
  ByteReader reader(checked_body(bytes));
  (void)reader.read<std::uint64_t>();
  (void)reader.read<std::uint32_t>();
  CheckpointFile file;
  file.study_name = reader.read_text();
  file.trial.value = reader.read<std::int64_t>();
  file.fingerprint = reader.read_text();
  file.checkpoint.step = reader.read<std::int64_t>();
  file.checkpoint.seconds = reader.read<double>();
  file.checkpoint.bytes = reader.read_bytes();
  reader.expect_end();
  const double seconds = file.checkpoint.seconds;
  if (file.checkpoint.step < 0 || !(seconds >= 0.0 && seconds <= kMaxSeconds))
    throw FormatError("its step or time is out of range");
  return file;
}

}  // namespace tune
