#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "cli/study_file/study_config.hpp"
#include "test_manifest.hpp"

namespace fmnist_tune::testing {
namespace {

std::string good_text(const char* name) {
  const auto path = std::filesystem::path(TUNE_TEST_DATA_DIR) / "studies" / "good" / name;
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Whether the reader takes the text or complains; anything else it throws ends the test.
bool is_accepted(const std::string& text) {
  try {
    const StudyConfig config = parse_study_text(text, "mutant.json", {&test_manifest()});
    (void)parse_study_text(config.text, "mutant again", {&test_manifest()});
    return true;
  } catch (const StudyFileError& error) {
    if (error.complaints().empty()) throw std::logic_error("an error without a complaint");
    return false;
  }
}

TEST(StudyFileRobustness, EveryTruncationOfAGoodFileIsAComplaint) {
  const std::string text = good_text("full.json");
  const std::size_t end = text.find_last_of('}');
  for (std::size_t length = 0; length <= end; ++length) {
    EXPECT_THROW((void)parse_study_text(text.substr(0, length), "cut.json", {&test_manifest()}),
                 StudyFileError);
  }
}

RC_GTEST_PROP(StudyFileRobustness, ChangedBytesGiveAConfigOrComplaints, ()) {
  std::string text = good_text("full.json");
  const int changes = *rc::gen::inRange(1, 8);
  for (int i = 0; i < changes; ++i) {
    const auto at = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(text.size())));
    text[at] = *rc::gen::arbitrary<char>();
  }
  is_accepted(text);
}

/// Cuts out and doubles whole stretches: the result is often valid JSON that means something else.
RC_GTEST_PROP(StudyFileRobustness, MovedPiecesGiveAConfigOrComplaints, ()) {
  std::string text = good_text("full.json");
  const int changes = *rc::gen::inRange(1, 4);
  for (int i = 0; i < changes; ++i) {
    const auto size = static_cast<int>(text.size());
    const auto from = static_cast<std::size_t>(*rc::gen::inRange(0, size));
    const auto to = static_cast<std::size_t>(*rc::gen::inRange(0, size));
    const std::string piece = text.substr(from, static_cast<std::size_t>(*rc::gen::inRange(0, 80)));
    text.insert(to, piece);
  }
  is_accepted(text);
}

/// Every scalar of the file replaced by every kind of value, extremes included.
TEST(StudyFileRobustness, AnyValueInAnyPlaceGivesAConfigOrComplaints) {
  const std::string text = good_text("full.json");
  const char* const values[] = {"null",
                                "true",
                                "-1",
                                "0",
                                "1e-320",
                                "1.7976931348623157e308",
                                "9007199254740993",
                                "18446744073709551616",
                                "-9223372036854775808",
                                "\"\"",
                                "\"lr\"",
                                "[]",
                                "{}",
                                "[[]]",
                                "{\"type\": \"int\"}"};
  std::size_t places = 0;
  for (std::size_t colon = text.find(": "); colon != std::string::npos; colon = text.find(": ", colon + 1)) {
    const std::size_t end = text.find_first_of(",}\n", colon);
    const std::string old = text.substr(colon + 2, end - colon - 2);
    if (old.find_first_of("[{") != std::string::npos) continue;
    ++places;
    for (const char* value : values) {
      std::string changed = text;
      changed.replace(colon + 2, old.size(), value);
      EXPECT_NO_THROW(is_accepted(changed)) << old << " -> " << value;
    }
  }
  EXPECT_GT(places, 40u);
}

}  // namespace
}  // namespace fmnist_tune::testing
