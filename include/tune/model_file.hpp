#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Files of trained models, in the safetensors format: the length of the header as 8 bytes, the header as JSON
/// with name, type, shape and place of every tensor, then the tensors' bytes; all little-endian. Python's
/// package `safetensors` reads them.
namespace tune {

/// An array of float32, row-major.
struct ModelTensor {
  std::string name;
  std::vector<std::uint64_t> shape;  ///< Sizes of the axes, each at least 1.
  std::vector<float> values;         ///< Finite, as many as the shape says.
};

struct ModelFile {
  /// Texts about the model. The names kModelFormatKey, kModelVersionKey and kModelChecksumKey are the format's
  /// own.
  std::map<std::string, std::string, std::less<>> metadata;
  std::vector<ModelTensor> tensors;
};

inline constexpr const char* kModelFormatKey = "format";
inline constexpr const char* kModelVersionKey = "format_version";
/// CRC-32 of the whole file, in eight hexadecimal digits, with eight zeros in its own place.
inline constexpr const char* kModelChecksumKey = "crc32";

/// What stands under kModelFormatKey.
inline constexpr std::string_view kModelFormat = "fmnist-tune model";
inline constexpr int kModelFormatVersion = 1;
/// A longer header is taken for a damaged one, a larger file for something else.
inline constexpr std::uint64_t kMaxModelHeaderBytes = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kMaxModelBytes = std::uint64_t{1} << 32;

/// The bytes of the file: the same ones for equal models. Throws InvalidArgument for what such a file cannot
/// hold: a name that stands twice or is the format's own, values that do not fit their shape or are not finite,
/// a header that is too long.
[[nodiscard]] std::vector<std::byte> encode_model(const ModelFile& model);

/// Reads the above; tensors come in the order of their bytes. The bytes may be anything: sizes, places and the
/// checksum are checked before anything is taken. Throws FormatError with what is wrong.
[[nodiscard]] ModelFile decode_model(std::span<const std::byte> bytes);

/// Throws FormatError that names the path for what is no such file, Error when it cannot be read.
[[nodiscard]] ModelFile read_model(const std::filesystem::path& path);

/// Replaces a file that is there at once and durably. Throws Error that names the path; nothing has changed
/// then.
void write_model(const std::filesystem::path& path, const ModelFile& model);

}  // namespace tune
