#include "tune/model_file.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "tune/error.hpp"
#include "tune/whole_file.hpp"

namespace tune {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "tensors are written as they stand in memory");

constexpr const char* kMetadata = "__metadata__";
constexpr const char* kType = "F32";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kAlignment = 8;  ///< Of the first tensor in the file.
constexpr std::size_t kMaxAxes = 8;
constexpr std::string_view kNoChecksum = "00000000";

/// How the checksum stands in the header. In no other place: a quote inside a text has a backslash before it.
std::string checksum_text(std::string_view digits) {
  return fmt::format("\"{}\":\"{}\"", kModelChecksumKey, digits);
}

std::uint32_t checksum(std::uint32_t before, std::string_view bytes) {
  return libdeflate_crc32(before, bytes.data(), bytes.size());
}

/// Over all bytes but the eight digits at `digits`, for which zeros stand.
std::string checksum_digits(std::string_view bytes, std::size_t digits) {
  std::uint32_t crc = checksum(0, bytes.substr(0, digits));
  crc = checksum(crc, kNoChecksum);
  return fmt::format("{:08x}", checksum(crc, bytes.substr(digits + kNoChecksum.size())));
}

/// Nothing when it is more than 64 bits can hold.
std::optional<std::uint64_t> byte_count(const std::vector<std::uint64_t>& shape) {
  std::uint64_t total = sizeof(float);
  for (const std::uint64_t size : shape) {
    if (size == 0 || size > std::numeric_limits<std::uint64_t>::max() / total) return std::nullopt;
    total *= size;
  }
  return total;
}

bool are_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

void check_tensor(const ModelTensor& tensor) {
  if (tensor.name.empty() || tensor.name == kMetadata)
    throw InvalidArgument(fmt::format("a tensor cannot have the name \"{}\"", tensor.name));
  if (tensor.shape.size() > kMaxAxes || byte_count(tensor.shape) != tensor.values.size() * sizeof(float))
    throw InvalidArgument(fmt::format("tensor {} has {} values, not those of its shape [{}]", tensor.name,
                                      tensor.values.size(), fmt::join(tensor.shape, ", ")));
  if (!are_finite(tensor.values))
    throw InvalidArgument(fmt::format("tensor {} has a number that is not finite", tensor.name));
}

Json metadata_json(const ModelFile& model) {
  Json metadata = {{kModelFormatKey, kModelFormat},
                   {kModelVersionKey, std::to_string(kModelFormatVersion)},
                   {kModelChecksumKey, kNoChecksum}};
  for (const auto& [name, text] : model.metadata) {
    if (metadata.contains(name))
      throw InvalidArgument(fmt::format("metadata \"{}\" is the format's own", name));
    metadata[name] = text;
  }
  return metadata;
}

std::string header_text(const ModelFile& model) {
  Json header = {{kMetadata, metadata_json(model)}};
  std::uint64_t end = 0;
  for (const ModelTensor& tensor : model.tensors) {
    check_tensor(tensor);
    if (header.contains(tensor.name))
      throw InvalidArgument(fmt::format("two tensors are named {}", tensor.name));
    const std::uint64_t begin = std::exchange(end, end + tensor.values.size() * sizeof(float));
    header[tensor.name] = {{"dtype", kType}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  if (text.size() > kMaxModelHeaderBytes)
    throw InvalidArgument(
        fmt::format("the header would have {} bytes, more than {}", text.size(), kMaxModelHeaderBytes));
  return text;
}

/// A reader of JSON that takes no name twice: which of the two counts is not the same for all programs.
/// A header has tensors, their members and lists of sizes; more is not read, so that nothing here can be made
/// to work for long or to call itself too often.
constexpr int kMaxHeaderDepth = 3;
constexpr std::size_t kMaxHeaderNames = 10'000;

Json parse_strictly(std::string_view text) {
  std::vector<std::set<std::string>> names;
  std::optional<std::string> twice;
  std::size_t n_names = 0;
  bool is_too_much = false;
  const Json::parser_callback_t watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::key) ++n_names;
    is_too_much = is_too_much || depth > kMaxHeaderDepth || n_names > kMaxHeaderNames;
    if (is_too_much) return false;
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  Json header = Json::parse(text, watch, false);
  if (is_too_much) throw FormatError("its header has more names or levels than a model has");
  if (header.is_discarded() || !header.is_object()) throw FormatError("its header is not a JSON object");
  if (twice) throw FormatError(fmt::format("its header has \"{}\" twice", *twice));
  return header;
}

std::string_view header_in(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes) throw FormatError("it has less than 8 bytes");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxModelHeaderBytes)
    throw FormatError(fmt::format("this is not a model: a header of {} bytes is longer than {}", length,
                                  kMaxModelHeaderBytes));
  if (length > bytes.size() - kLengthBytes) throw FormatError("its header ends behind the end of the file");
  return bytes.substr(kLengthBytes, static_cast<std::size_t>(length));
}

/// The metadata, the format's own included.
std::map<std::string, std::string, std::less<>> metadata_in(const Json& header) {
  const auto found = header.find(kMetadata);
  if (found == header.end() || !found->is_object()) throw FormatError("its header has no metadata");
  std::map<std::string, std::string, std::less<>> metadata;
  for (const auto& [name, text] : found->items()) {
    if (!text.is_string()) throw FormatError(fmt::format("its metadata \"{}\" is not a text", name));
    metadata.emplace(name, text.get<std::string>());
  }
  return metadata;
}

std::string text_at(const std::map<std::string, std::string, std::less<>>& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? std::string() : found->second;
}

/// Says what kind of file it is before its checksum is looked at: a later version may have another.
void check_kind(const std::map<std::string, std::string, std::less<>>& metadata) {
  if (text_at(metadata, kModelFormatKey) != kModelFormat)
    throw FormatError("it holds tensors, but no model of fmnist-tune");
  const std::string version = text_at(metadata, kModelVersionKey);
  if (version != std::to_string(kModelFormatVersion))
    throw FormatError(fmt::format("it has version \"{}\" of the format, not {}", version, kModelFormatVersion));
}

void check_checksum(std::string_view bytes, std::string_view header, const std::string& digits) {
  const std::string text = checksum_text(digits);
  const std::size_t at = header.find(text);
  // Another program may have written the same things in another way, without a checksum that fits.
  if (digits.size() == kNoChecksum.size() && at != std::string_view::npos &&
      checksum_digits(bytes, kLengthBytes + at + text.size() - kNoChecksum.size() - 1) == digits)
    return;
  throw FormatError("it is damaged: its checksum does not fit");
}

/// A whole number that JSON holds as one.
std::uint64_t whole_number(const Json& node, const std::string& tensor) {
  if (!node.is_number_unsigned())
    throw FormatError(fmt::format("tensor {}: {} is no size", tensor, node.dump()));
  return node.get<std::uint64_t>();
}

/// Where a tensor stands.
struct Place {
  ModelTensor tensor;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

const Json& member(const Json& node, const std::string& tensor, const char* name) {
  const auto found = node.is_object() ? node.find(name) : node.end();
  if (!node.is_object() || found == node.end())
    throw FormatError(fmt::format("tensor {} has no {}", tensor, name));
  return *found;
}

Place place_of(const std::string& name, const Json& node, std::uint64_t n_bytes) {
  if (name.empty()) throw FormatError("it has a tensor without a name");
  Place place{.tensor = {.name = name, .shape = {}, .values = {}}};
  if (const Json& type = member(node, name, "dtype"); type != kType)
    throw FormatError(fmt::format("tensor {} has numbers of type {}, not \"{}\"", name, type.dump(), kType));
  const Json& shape = member(node, name, "shape");
  const Json& offsets = member(node, name, "data_offsets");
  if (node.size() != 3) throw FormatError(fmt::format("tensor {} has members that nobody knows", name));
  if (!shape.is_array() || shape.size() > kMaxAxes)
    throw FormatError(fmt::format("tensor {}: its shape is not a list of at most {} sizes", name, kMaxAxes));
  for (const Json& size : shape) place.tensor.shape.push_back(whole_number(size, name));
  if (!offsets.is_array() || offsets.size() != 2)
    throw FormatError(fmt::format("tensor {}: its data_offsets are not two numbers", name));
  place.begin = whole_number(offsets[0], name);
  place.end = whole_number(offsets[1], name);
  if (place.begin > place.end || place.end > n_bytes)
    throw FormatError(
        fmt::format("tensor {} stands at {} to {} of {} bytes", name, place.begin, place.end, n_bytes));
  if (byte_count(place.tensor.shape) != place.end - place.begin)
    throw FormatError(fmt::format("tensor {} has {} bytes, not those of its shape [{}]", name,
                                  place.end - place.begin, fmt::join(place.tensor.shape, ", ")));
  return place;
}

/// In the order of their bytes, which they share out without gap and overlap.
std::vector<Place> places_in(const Json& header, std::uint64_t n_bytes) {
  std::vector<Place> places;
  for (const auto& [name, node] : header.items()) {
    if (name != kMetadata) places.push_back(place_of(name, node, n_bytes));
  }
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.begin < b.begin; });
  std::uint64_t end = 0;
  for (const Place& place : places) {
    if (place.begin != end)
      throw FormatError(fmt::format("tensor {} begins at byte {}, the one before it ends at {}",
                                    place.tensor.name, place.begin, end));
    end = place.end;
  }
  if (end != n_bytes) throw FormatError(fmt::format("its tensors have {} of {} bytes", end, n_bytes));
  return places;
}

ModelTensor tensor_at(Place place, std::string_view data) {
  const auto from =
      data.substr(static_cast<std::size_t>(place.begin), static_cast<std::size_t>(place.end - place.begin));
  place.tensor.values.resize(from.size() / sizeof(float));
  std::memcpy(place.tensor.values.data(), from.data(), from.size());
  if (!are_finite(place.tensor.values))
    throw FormatError(fmt::format("tensor {} has a number that is not finite", place.tensor.name));
  return std::move(place.tensor);
}

std::vector<std::byte> bytes_at(const std::filesystem::path& path) {
  try {
    // A link to a model is as good as the model.
    auto bytes = read_whole_file(std::filesystem::canonical(path), kMaxModelBytes);
    if (bytes) return std::move(*bytes);
    throw std::system_error(ENOENT, std::generic_category());
  } catch (const std::system_error& error) {
    throw Error(fmt::format("{}: cannot be read: {}", path.string(), error.code().message()));
  }
}

}  // namespace

std::vector<std::byte> encode_model(const ModelFile& model) {
  const std::string header = header_text(model);
  std::string bytes(kLengthBytes, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, kLengthBytes);
  bytes += header;
  for (const ModelTensor& tensor : model.tensors)
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
  const std::string blank = checksum_text(kNoChecksum);
  const std::size_t digits = bytes.find(blank) + blank.size() - kNoChecksum.size() - 1;
  bytes.replace(digits, kNoChecksum.size(), checksum_digits(bytes, digits));
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

ModelFile decode_model(std::span<const std::byte> given) {
  const std::string_view bytes(reinterpret_cast<const char*>(given.data()), given.size());
  const std::string_view text = header_in(bytes);
  const Json header = parse_strictly(text);
  ModelFile model{metadata_in(header), {}};
  check_kind(model.metadata);
  const std::string_view data = bytes.substr(kLengthBytes + text.size());
  auto places = places_in(header, data.size());
  check_checksum(bytes, text, text_at(model.metadata, kModelChecksumKey));
  for (const char* own : {kModelFormatKey, kModelVersionKey, kModelChecksumKey}) model.metadata.erase(own);
  for (Place& place : places) model.tensors.push_back(tensor_at(std::move(place), data));
  return model;
}

ModelFile read_model(const std::filesystem::path& path) {
  try {
    return decode_model(bytes_at(path));
  } catch (const FormatError& error) {
    throw FormatError(fmt::format("{}: {}", path.string(), error.what()));
  }
}

void write_model(const std::filesystem::path& path, const ModelFile& model) {
  const auto bytes = encode_model(model);
  try {
    replace_whole_file(path, bytes);
  } catch (const std::system_error& error) {
    throw Error(fmt::format("{}: cannot be written: {}", path.string(), error.code().message()));
  }
}

}  // namespace tune
