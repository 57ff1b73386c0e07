#include "tune/model_file.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "tune/error.hpp"

namespace tune {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

ModelFile small_model() {
  return {{{"classes", "2"}, {"text", "a \"quote\", a \\ and a line\nbreak"}},
          {{.name = "layer0.weight", .shape = {2, 3}, .values = {1.0F, -2.0F, 3.5F, 0.0F, 1e-30F, 1e30F}},
           {.name = "layer0.bias", .shape = {2}, .values = {0.25F, -0.0F}},
           {.name = "scale", .shape = {}, .values = {7.0F}}}};
}

std::vector<std::byte> to_bytes(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

std::string to_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string length_of(std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

/// A file with that header and so many zeros as data; its checksum does not fit.
std::vector<std::byte> file_with(const std::string& header, std::size_t n_data = 8) {
  return to_bytes(length_of(header.size()) + header + std::string(n_data, '\0'));
}

/// The same with sound metadata before the given members.
std::vector<std::byte> file_of_tensors(const std::string& members, std::size_t n_data = 8) {
  return file_with(
      R"({"__metadata__":{"format":"fmnist-tune model","format_version":"1","crc32":"00000000"},)" + members +
          "}",
      n_data);
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string complaint_about(const std::vector<std::byte>& bytes) {
  return error_of([&] { static_cast<void>(decode_model(bytes)); });
}

/// CRC-32 as the format describes it, apart from the library under test.
std::uint32_t crc32_of(const std::string& bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1U ^ (0xedb88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

std::size_t digits_in(const std::string& file) {
  return file.find(R"("crc32":")") + std::strlen(R"("crc32":")");
}

std::string with_checksum(std::string file) {
  file.replace(digits_in(file), 8, "00000000");
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", crc32_of(file));
  return file.replace(digits_in(file), 8, digits);
}

TEST(ModelFile, GivesBackWhatWasWritten) {
  const ModelFile model = small_model();
  const ModelFile read = decode_model(encode_model(model));
  EXPECT_EQ(read.metadata, model.metadata);
  ASSERT_EQ(read.tensors.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.tensors[i].name, model.tensors[i].name);
    EXPECT_EQ(read.tensors[i].shape, model.tensors[i].shape);
    EXPECT_EQ(std::memcmp(read.tensors[i].values.data(), model.tensors[i].values.data(),
                          model.tensors[i].values.size() * sizeof(float)),
              0);
  }
}

TEST(ModelFile, WithAHeaderDeeperOrLongerThanAModelsIsRefusedAtOnce) {
  const std::string deep(400'000, '[');
  const std::string shut(400'000, ']');
  EXPECT_NE(complaint_about(file_of_tensors(R"("x":{"dtype":)" + deep + shut + "}")).find("levels"),
            std::string::npos);
  std::string names = R"("a":0)";
  for (int i = 0; i < 90'000; ++i) names += ",\"" + std::to_string(i) + "\":0";
  EXPECT_NE(complaint_about(file_of_tensors(names)).find("names"), std::string::npos);
}

TEST(ModelFile, MayHoldNoTensors) {
  const ModelFile read = decode_model(encode_model({{{"a", "b"}}, {}}));
  EXPECT_EQ(read.metadata.at("a"), "b");
  EXPECT_TRUE(read.tensors.empty());
}

TEST(ModelFile, HasTheLengthOfItsHeaderThenTheHeaderThenTheNumbers) {
  const std::string file = to_text(encode_model(small_model()));
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  ASSERT_EQ(file.size(), 8 + length + 9 * sizeof(float));
  const std::string header = file.substr(8, length);
  EXPECT_EQ(header.find(R"({"__metadata__":{"format":"fmnist-tune model","format_version":"1","crc32":")"), 0U);
  EXPECT_NE(header.find(R"("layer0.bias":{"dtype":"F32","shape":[2],"data_offsets":[24,32]})"),
            std::string::npos);
  float first = 0.0F;
  std::memcpy(&first, file.data() + 8 + length + 2 * sizeof(float), sizeof first);
  EXPECT_EQ(first, 3.5F);
}

TEST(ModelFile, HasTheChecksumOfAllItsBytes) {
  const std::string file = to_text(encode_model(small_model()));
  EXPECT_EQ(with_checksum(file), file);
}

TEST(ModelFile, IsTheSameForEqualModels) {
  EXPECT_EQ(encode_model(small_model()), encode_model(small_model()));
}

TEST(ModelFile, RefusesEveryFileThatEndsEarlyOrLate) {
  const auto whole = encode_model(small_model());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(complaint_about(part), "") << size;
  }
  auto longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_NE(complaint_about(longer), "");
}

TEST(ModelFile, RefusesEveryChangeOfABit) {
  const auto whole = encode_model(small_model());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const unsigned bit : {0x01U, 0x10U, 0x80U}) {
      auto changed = whole;
      changed[i] ^= static_cast<std::byte>(bit);
      EXPECT_NE(complaint_about(changed), "") << "byte " << i << ", bit " << bit;
    }
  }
}

struct Damage {
  const char* what;
  std::vector<std::byte> bytes;
  const char* complaint;
};

std::vector<Damage> damaged_headers() {
  return {
      {"empty", {}, "less than 8 bytes"},
      {"a header that is too long", to_bytes(length_of(kMaxModelHeaderBytes + 1)), "not a model"},
      {"the longest length", to_bytes(length_of(~std::uint64_t{0})), "not a model"},
      {"a header beyond the end", to_bytes(length_of(100) + "{}"), "ends behind the end"},
      {"no JSON", file_with("{nothing}"), "not a JSON object"},
      {"a list", file_with("[]"), "not a JSON object"},
      {"a number", file_with("3"), "not a JSON object"},
      {"deep lists", file_with(std::string(100000, '[')), "more names or levels"},
      {"no UTF-8", file_with("{\"\xff\":1}"), "not a JSON object"},
      {"text behind the JSON", file_with("{} {}"), "not a JSON object"},
      {"no metadata", file_with("{}"), "no metadata"},
      {"a list as metadata", file_with(R"({"__metadata__":[]})"), "no metadata"},
      {"a number in the metadata", file_with(R"({"__metadata__":{"a":1}})"), "\"a\" is not a text"},
      {"another program's", file_with(R"({"__metadata__":{"format":"pt"}})"), "no model of fmnist-tune"},
      {"another version", file_with(R"({"__metadata__":{"format":"fmnist-tune model","format_version":"2"}})"),
       "version \"2\""},
      {"a name twice", file_with(R"({"a":1,"__metadata__":{},"a":2})"), "\"a\" twice"},
      {"metadata twice", file_with(R"({"__metadata__":{},"__metadata__":{}})"), "\"__metadata__\" twice"}};
}

std::vector<Damage> damaged_tensors() {
  const auto of = [](const std::string& members) { return file_of_tensors(members); };
  return {
      {"a number as tensor", of(R"("w":1)"), "no dtype"},
      {"a tensor without a name", of(R"("":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})"),
       "without a name"},
      {"no type", of(R"("w":{"shape":[2],"data_offsets":[0,8]})"), "no dtype"},
      {"another type", of(R"("w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]})"), "of type \"F64\""},
      {"no shape", of(R"("w":{"dtype":"F32","data_offsets":[0,8]})"), "no shape"},
      {"no place", of(R"("w":{"dtype":"F32","shape":[2]})"), "no data_offsets"},
      {"more members", of(R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1})"), "nobody knows"},
      {"a number as shape", of(R"("w":{"dtype":"F32","shape":2,"data_offsets":[0,8]})"), "not a list"},
      {"nine axes", of(R"("w":{"dtype":"F32","shape":[2,1,1,1,1,1,1,1,1],"data_offsets":[0,8]})"),
       "not a list"},
      {"a negative size", of(R"("w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), "no size"},
      {"a broken size", of(R"("w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]})"), "no size"},
      {"a size of zero", of(R"("w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})"), "its shape"},
      {"sizes that overflow", of(R"("w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]})"),
       "its shape"},
      {"a size beyond 64 bits", of(R"("w":{"dtype":"F32","shape":[1e30],"data_offsets":[0,8]})"), "no size"},
      {"one offset", of(R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0]})"), "two numbers"},
      {"a text as offset", of(R"("w":{"dtype":"F32","shape":[2],"data_offsets":["0",8]})"), "no size"},
      {"offsets backwards", of(R"("w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), "stands at 8 to 0"},
      {"offsets beyond the end", of(R"("w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})"),
       "stands at 0 to 16 of 8"},
      {"another size than the shape", of(R"("w":{"dtype":"F32","shape":[1],"data_offsets":[0,8]})"),
       "its shape"},
      {"tensors on the same bytes",
       of(R"("v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})"),
       "w begins at byte 4"},
      {"a gap", of(R"("w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})"), "w begins at byte 4"},
      {"bytes of no tensor", of(R"("w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})"),
       "have 4 of 8 bytes"},
      {"a checksum that does not fit", of(R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})"),
       "checksum"}};
}

TEST(ModelFile, SaysWhatIsWrongWithADamagedOne) {
  auto all = damaged_headers();
  for (Damage& damage : damaged_tensors()) all.push_back(std::move(damage));
  for (const Damage& damage : all)
    EXPECT_NE(complaint_about(damage.bytes).find(damage.complaint), std::string::npos)
        << damage.what << ": " << complaint_about(damage.bytes);
}

TEST(ModelFile, WithoutAChecksumIsRefused) {
  const auto bytes = file_with(R"({"__metadata__":{"format":"fmnist-tune model","format_version":"1"}})", 0);
  EXPECT_NE(complaint_about(bytes).find("checksum"), std::string::npos);
}

TEST(ModelFile, WithANumberThatIsNotFiniteIsRefused) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::string file = to_text(encode_model(small_model()));
    std::memcpy(file.data() + file.size() - sizeof bad, &bad, sizeof bad);
    EXPECT_EQ(complaint_about(to_bytes(with_checksum(file))), "tensor scale has a number that is not finite");
  }
}

TEST(ModelFile, CannotHoldWhatItsReaderWouldRefuse) {
  const auto refusal = [](const std::function<void(ModelFile&)>& change) {
    ModelFile model = small_model();
    change(model);
    return error_of([&] { static_cast<void>(encode_model(model)); });
  };
  EXPECT_NE(refusal([](ModelFile& m) { m.tensors[1].name = "scale"; }), "");
  EXPECT_NE(refusal([](ModelFile& m) { m.tensors[1].name = ""; }), "");
  EXPECT_NE(refusal([](ModelFile& m) { m.tensors[1].name = "__metadata__"; }), "");
  EXPECT_NE(refusal([](ModelFile& m) { m.tensors[1].shape = {3}; }), "");
  EXPECT_NE(refusal([](ModelFile& m) { m.tensors[1].shape = {2, 0}; }), "");
  EXPECT_NE(refusal([](ModelFile& m) { m.tensors[1].values[0] = std::numeric_limits<float>::quiet_NaN(); }),
            "");
  EXPECT_NE(refusal([](ModelFile& m) { m.metadata["crc32"] = "0"; }), "");
  EXPECT_NE(refusal([](ModelFile& m) { m.metadata["long"] = std::string(kMaxModelHeaderBytes, 'x'); }), "");
}

TEST(ModelFile, IsReadAndReplacedOnDiskByName) {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.safetensors";
  write_model(path, small_model());
  ModelFile other = small_model();
  other.metadata["classes"] = "3";
  write_model(path, other);
  EXPECT_EQ(read_model(path).metadata.at("classes"), "3");
  fs::create_symlink(path, folder / "link");
  EXPECT_EQ(read_model(folder / "link").metadata.at("classes"), "3");
  EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), fs::directory_iterator()), 2);
}

TEST(ModelFile, IsNamedWithWhatIsWrongWithIt) {
  const TemporaryFolder folder;
  std::ofstream(folder / "short") << "short";
  const auto complaint = [](const fs::path& path) {
    return error_of([&] { static_cast<void>(read_model(path)); });
  };
  EXPECT_EQ(complaint(folder / "short"), (folder / "short").string() + ": it has less than 8 bytes");
  EXPECT_EQ(complaint(folder / "none"),
            (folder / "none").string() + ": cannot be read: No such file or directory");
  EXPECT_NE(complaint(folder / "."), "");
  const fs::path nowhere = folder / "short" / "in";
  EXPECT_NE(
      error_of([&] { write_model(nowhere, small_model()); }).find(nowhere.string() + ": cannot be written"),
      std::string::npos);
}

}  // namespace
}  // namespace tune
