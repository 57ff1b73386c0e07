#include <gtest/gtest.h>

#include <string>

#include "tune/error.hpp"
#include "tune/storages/json_text.hpp"
#include "tune/storages/sqlite.hpp"

namespace tune {
namespace {

TEST(SqliteUrl, TakesAPathAsItIs) {
  EXPECT_EQ(sqlite_path_from_url("mlp.db"), "mlp.db");
  EXPECT_EQ(sqlite_path_from_url("/data/mlp v2.db"), "/data/mlp v2.db");
}

TEST(SqliteUrl, CountsSlashesAsSqlAlchemyDoes) {
  EXPECT_EQ(sqlite_path_from_url("sqlite:///mlp.db"), "mlp.db");
  EXPECT_EQ(sqlite_path_from_url("sqlite:////data/mlp.db"), "/data/mlp.db");
  EXPECT_EQ(sqlite_path_from_url("sqlite:///mlp.db?timeout=10"), "mlp.db");
}

TEST(SqliteUrl, SaysWhatIsSupportedInstead) {
  for (const char* url : {"postgresql://host/db", "mysql://host/db", "sqlite://host/mlp.db", "sqlite:///",
                          "sqlite:///:memory:", ""}) {
    try {
      (void)sqlite_path_from_url(url);
      ADD_FAILURE() << url;
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find("sqlite:///"), std::string::npos) << error.what();
    }
  }
}

TEST(JsonText, AcceptsWhatPythonWrites) {
  for (const char* text : {"1", "null", "\"NaN\"", "[NaN, -Infinity, {\"a\": Infinity}]", " {} "}) {
    EXPECT_TRUE(storages::is_json(text)) << text;
  }
  for (const char* text : {"", "{", "nan", "'a'", "[1,]", "NaNNaN", "{\"a\": \"NaN}", "\""}) {
    EXPECT_FALSE(storages::is_json(text)) << text;
  }
}

TEST(JsonText, KeepsTheTextOfEachMember) {
  const auto members = storages::object_members(
      R"( { "a\u00e4\"}" : [1, {"b": "]}"}], "n":12345678901234567890 ,"e":{}, "x": NaN } )");
  ASSERT_EQ(members.size(), 4U);
  EXPECT_EQ(members[0].first, "aä\"}");
  EXPECT_EQ(members[0].second, R"([1, {"b": "]}"}])");
  EXPECT_EQ(members[1].second, "12345678901234567890");
  EXPECT_EQ(members[2].second, "{}");
  EXPECT_EQ(members[3].second, "NaN");
  EXPECT_TRUE(storages::object_members("{}").empty());
  EXPECT_THROW((void)storages::object_members("[]"), FormatError);
  EXPECT_THROW((void)storages::object_members("{\"a\"}"), FormatError);
}

}  // namespace
}  // namespace tune
