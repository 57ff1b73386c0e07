#include "cli/run/study_changes.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/run/study_check.hpp"

namespace fmnist_tune {
namespace {

using Json = nlohmann::ordered_json;

tune::Timestamp at(const char* time) {
  return tune::timestamp_from_string(time);
}

tune::FrozenTrial trial(const char* begin, const char* end) {
  tune::FrozenTrial trial;
  trial.datetime_start = at(begin);
  trial.datetime_complete = at(end);
  return trial;
}

tune::StudyRecord study(const char* file, const char* facts) {
  tune::StudyRecord study;
  study.system_attrs = {{kStudyFileKey, Json(file).dump()}, {kProvenanceKey, facts}};
  return study;
}

/// Begun with file "a", changed to "b" at ten o'clock and to "c" at twelve.
tune::StudyRecord changed_twice() {
  auto second = study("b", R"({"torch_version":"2"})");
  second.system_attrs[kChangesKey] =
      with_change(study("a", R"({"torch_version":"1"})"), {"pruner"}, at("2026-01-01 10:00:00.000000"));
  auto third = study("c", R"({"torch_version":"3"})");
  third.system_attrs[kChangesKey] = with_change(second, {"sampler"}, at("2026-01-01 12:00:00.000000"));
  return third;
}

TEST(StudyThen, IsWhatATrialKnew) {
  const struct {
    const char* begin;
    const char* end;
    const char* file;
    const char* facts;
  } cases[] = {
      {"2026-01-01 08:00:00.000000", "2026-01-01 09:59:59.999999", "a", R"({"torch_version":"1"})"},
      {"2026-01-01 10:00:00.000001", "2026-01-01 11:00:00.000000", "b", R"({"torch_version":"2"})"},
      {"2026-01-01 13:00:00.000000", "2026-01-01 14:00:00.000000", "c", R"({"torch_version":"3"})"},
  };
  for (const auto& test : cases) {
    const StudyThen then = study_then(changed_twice(), trial(test.begin, test.end));
    EXPECT_TRUE(then.changes.empty());
    EXPECT_EQ(kept_study_file(then.study), test.file);
    EXPECT_EQ(then.study.system_attrs.at(kProvenanceKey), test.facts);
  }
}

TEST(StudyThen, OfATrialThatRanAcrossAChangeIsNeither) {
  const auto then =
      study_then(changed_twice(), trial("2026-01-01 11:00:00.000000", "2026-01-01 13:00:00.000000"));
  EXPECT_EQ(then.changes, std::vector<std::string>{"sampler"});
}

TEST(StudyThen, OfAStudyThatNeverChangedOrWhoseListIsDamagedIsTheStudy) {
  const auto any = trial("2026-01-01 11:00:00.000000", "2026-01-01 13:00:00.000000");
  for (const char* list : {"", "{", "7", "[1, {}, {\"until\": 5}]"}) {
    auto record = study("a", "{}");
    if (*list != '\0') record.system_attrs[kChangesKey] = list;
    const auto then = study_then(record, any);
    EXPECT_EQ(then.study.system_attrs, record.system_attrs) << list;
    EXPECT_TRUE(then.changes.empty());
    EXPECT_EQ(Json::parse(with_change(record, {}, at("2026-01-01 10:00:00.000000"))).back()["study_file"], "a");
  }
}

}  // namespace
}  // namespace fmnist_tune
