#include "fmnist/idx.hpp"

#include <gtest/gtest.h>

#include "train/support.hpp"

namespace {

using namespace train_test;

class Idx : public testing::Test {
 protected:
  std::string error(const std::vector<std::uint8_t>& bytes, std::size_t n_axes = 1) {
    write_file(path_, bytes);
    return error_of([&] { (void)fmnist::read_idx(path_, n_axes); });
  }

  TempDir dir_;
  std::filesystem::path path_ = dir_.path() / "labels";
};

TEST_F(Idx, ReadsPlainFiles) {
  write_file(path_, idx_bytes({2, 1, 3}, {1, 2, 3, 4, 5, 6}));
  const auto array = fmnist::read_idx(path_, 3);
  EXPECT_EQ(array.sizes, (std::vector<std::size_t>{2, 1, 3}));
  EXPECT_EQ(array.data, (std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6}));
}

TEST_F(Idx, ReadsCompressedFiles) {
  write_file(path_, gzip_bytes(idx_bytes({3}, {7, 8, 9})));
  EXPECT_EQ(fmnist::read_idx(path_, 1).data, (std::vector<std::uint8_t>{7, 8, 9}));
}

/// The end of such an archive tells the size of its last member alone.
TEST_F(Idx, ReadsAllMembersOfAnArchive) {
  constexpr std::uint8_t kMembers = 5;
  auto archive = gzip_bytes(idx_bytes({kMembers * 1000}, {}));
  std::vector<std::uint8_t> expected;
  for (std::uint8_t i = 0; i < kMembers; ++i) {
    const auto member = gzip_bytes(std::vector<std::uint8_t>(1000, i));
    archive.insert(archive.end(), member.begin(), member.end());
    expected.insert(expected.end(), 1000, i);
  }
  write_file(path_, archive);
  EXPECT_EQ(fmnist::read_idx(path_, 1).data, expected);
}

TEST_F(Idx, ReadsAnArchiveWithEmptyMembersAndZerosBehindIt) {
  auto archive = gzip_bytes({});
  for (const auto& member : {gzip_bytes(idx_bytes({300}, std::vector<std::uint8_t>(300, 7))), gzip_bytes({})})
    archive.insert(archive.end(), member.begin(), member.end());
  archive.insert(archive.end(), 512, 0);
  write_file(path_, archive);
  EXPECT_EQ(fmnist::read_idx(path_, 1).data, std::vector<std::uint8_t>(300, 7));
}

TEST_F(Idx, NamesAMissingFile) {
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::read_idx(dir_.path() / "none", 1); }),
                       {"none", "expected a file"}));
}

TEST_F(Idx, RefusesAFolder) {
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::read_idx(dir_.path(), 1); }), {"expected a file"}));
}

TEST_F(Idx, SaysWhatIsWrongWithTheMagicNumber) {
  EXPECT_TRUE(mentions(error({1, 2, 8, 1, 0, 0, 0, 1, 5}), {"01 02 08 01", "not an IDX file"}));
  EXPECT_TRUE(mentions(error({0, 0, 13, 1, 0, 0, 0, 1, 5}), {"another element type"}));
  EXPECT_TRUE(mentions(error(idx_bytes({1, 1}, {5})), {"another number of axes"}));
}

TEST_F(Idx, SaysWhereATruncatedFileEnds) {
  EXPECT_TRUE(mentions(error({}), {"expected a header of 8 bytes"}));
  EXPECT_TRUE(mentions(error({0, 0, 8, 1, 0, 0}), {"expected a header of 8 bytes"}));
  EXPECT_TRUE(mentions(error(idx_bytes({4}, {1, 2, 3})), {"expected 4 bytes of data, the file ends after 3"}));
}

TEST_F(Idx, RefusesBytesBehindTheData) {
  EXPECT_TRUE(mentions(error(idx_bytes({2}, {1, 2, 3})), {"found more"}));
}

TEST_F(Idx, RefusesSizesThatOverflow) {
  EXPECT_TRUE(mentions(error(idx_bytes({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, {1}), 3), {"overflow"}));
  EXPECT_TRUE(mentions(error(idx_bytes({1, 0, 3}, {}), 3), {"at least 1"}));
}

TEST_F(Idx, DoesNotBelieveAHugeHeader) {
  EXPECT_TRUE(mentions(error(idx_bytes({0xFFFFFFFF}, {1, 2})), {"the file ends after 2"}));
}

TEST_F(Idx, RefusesADamagedArchive) {
  const auto archive = gzip_bytes(idx_bytes({2000}, std::vector<std::uint8_t>(2000, 3)));
  auto half = archive;
  half.resize(archive.size() / 2);
  auto changed = archive;
  changed[archive.size() - 8] ^= 1;  // Of the checksum.
  auto too_large = archive;
  too_large.back() ^= 1;
  auto too_small = archive;
  too_small[archive.size() - 4] ^= 8;
  for (const auto& damaged : {half, changed, too_large, too_small, {0x1F, 0x8B}})
    EXPECT_TRUE(mentions(error(damaged), {"labels", "damaged"}));
}

TEST_F(Idx, RefusesBytesBehindAnArchive) {
  auto archive = gzip_bytes(idx_bytes({2}, {1, 2}));
  archive.insert(archive.end(), {0, 0, 5});
  EXPECT_TRUE(mentions(error(archive), {"labels", "end of the archive", "3 bytes more"}));
}

TEST_F(Idx, RefusesAFileLargerThanAnyDataSet) {
  write_file(path_, {});
  std::filesystem::resize_file(path_, std::uintmax_t{1} << 33);  // Which takes no room on the disk.
  EXPECT_TRUE(mentions(error_of([&] { (void)fmnist::read_idx(path_, 1); }), {"at most 4294967296 bytes"}));
}

}  // namespace
