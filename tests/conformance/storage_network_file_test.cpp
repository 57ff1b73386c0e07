#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "support/sqlite_file.hpp"
#include "tune/error.hpp"
#include "tune/storages/network_file.hpp"
#include "tune/storages/sqlite.hpp"
#include "tune/storages/sqlite_reader.hpp"

/// Where SQLite's log cannot do its work.
namespace tune::testing {
namespace {

using namespace std::chrono_literals;
using storages::network_file_system;
using storages::other_host_among;

Holder holder(std::string host, Timestamp last_seen) {
  Holder found;
  found.claim.number = {4};
  found.claim.owner = {std::move(host), "boot", 17};
  found.last_seen = last_seen;
  return found;
}

TEST(NetworkFile, NetworkFileSystemsAreKnownByNumberWithAndWithoutSign) {
  EXPECT_EQ(network_file_system(0x6969), "NFS");
  EXPECT_EQ(network_file_system(0xFF534D42), "CIFS");
  EXPECT_EQ(network_file_system(static_cast<std::int32_t>(0xFF534D42)), "CIFS");
  constexpr long kExt4 = 0xEF53;
  constexpr long kTmpfs = 0x01021994;
  EXPECT_FALSE(network_file_system(kExt4));
  EXPECT_FALSE(network_file_system(kTmpfs));
}

TEST(NetworkFile, ThisMachinesTemporaryFolderIsLocalWhetherTheFileIsThereOrNot) {
  EXPECT_FALSE(storages::network_file_system_of(std::filesystem::temp_directory_path() / "none.db"));
  EXPECT_FALSE(storages::network_file_system_of("none.db"));
}

TEST(NetworkFile, AnotherHostCountsWhileItShowsItself) {
  const auto here = this_process().host;
  EXPECT_FALSE(other_host_among(std::vector{holder(here, now())}));
  EXPECT_FALSE(other_host_among(std::vector{holder("elsewhere", now() - 2min)}));
  EXPECT_EQ(other_host_among(std::vector{holder(here, now()), holder("elsewhere", now() - 5s)}),
            "process 17 on host elsewhere runs trial 4 of it");
}

class WithoutSharedMemory : public SqliteFile {
 protected:
  void SetUp() override {
    standard_ = sqlite3_vfs_find(nullptr);
    sqlite3_vfs_register(sqlite3_vfs_find("unix-dotfile"), 1);
  }
  void TearDown() override { sqlite3_vfs_register(standard_, 1); }

 private:
  sqlite3_vfs* standard_ = nullptr;
};

TEST_F(WithoutSharedMemory, AFileThatCanHaveNoLogIsRefused) {
  try {
    (void)open();
    FAIL() << "was opened";
  } catch (const StorageError& error) {
    EXPECT_NE(std::string(error.what()).find("shared memory"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tune::testing
