#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>

#include "tune/distribution.hpp"
#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/storages/check/checks.hpp"
#include "tune/storages/json_text.hpp"

// Attributes of studies and trials: JSON texts, some of them with a meaning.
namespace tune::storages::check {
namespace {

struct AttributeTable {
  const char* find;  ///< Study, number, key, value, id of the row.
  const char* mend;  ///< Value, id.
};

constexpr AttributeTable kTables[] = {
    {"SELECT s.study_name, NULL, a.\"key\", a.value_json, a.study_user_attribute_id FROM study_user_attributes "
     "a "
     "JOIN studies s ON s.study_id = a.study_id",
     "UPDATE study_user_attributes SET value_json = ? WHERE study_user_attribute_id = ?"},
    {"SELECT s.study_name, NULL, a.\"key\", a.value_json, a.study_system_attribute_id FROM "
     "study_system_attributes a "
     "JOIN studies s ON s.study_id = a.study_id",
     "UPDATE study_system_attributes SET value_json = ? WHERE study_system_attribute_id = ?"},
    {"SELECT s.study_name, t.number, a.\"key\", a.value_json, a.trial_user_attribute_id FROM "
     "trial_user_attributes a "
     "JOIN trials t ON t.trial_id = a.trial_id JOIN studies s ON s.study_id = t.study_id",
     "UPDATE trial_user_attributes SET value_json = ? WHERE trial_user_attribute_id = ?"},
    {"SELECT s.study_name, t.number, a.\"key\", a.value_json, a.trial_system_attribute_id "
     "FROM trial_system_attributes a JOIN trials t ON t.trial_id = a.trial_id "
     "JOIN studies s ON s.study_id = t.study_id",
     "UPDATE trial_system_attributes SET value_json = ? WHERE trial_system_attribute_id = ?"}};

constexpr const char* kUnfinishedFixed =
    "SELECT s.study_name, t.number, a.value_json FROM trial_system_attributes a "
    "JOIN trials t ON t.trial_id = a.trial_id JOIN studies s ON s.study_id = t.study_id "
    "WHERE a.\"key\" = 'fixed_params' AND t.state IN ('RUNNING', 'WAITING')";

Findings find_bad_json(SqliteConnection& connection, const CheckOptions&) {
  Findings findings;
  for (const AttributeTable& table : kTables) {
    SqliteQuery rows = connection.query(table.find);
    while (rows.next()) {
      if (is_json(rows.text(3))) continue;
      findings.push_back(finding_of(
          "attributes", rows,
          fmt::format("its attribute \"{}\" is not JSON: {:.100}", rows.text(2), rows.text(3)), true));
    }
  }
  return findings;
}

/// The text stays readable, as a JSON string.
void mend_json(SqliteConnection& connection, const CheckOptions&) {
  for (const AttributeTable& table : kTables) {
    std::map<std::int64_t, std::string> mended;
    {
      SqliteQuery rows = connection.query(table.find);
      while (rows.next()) {
        if (is_json(rows.text(3))) continue;
        mended.emplace(rows.integer(4),
                       rows.is_null(3) ? "null" : tune::to_json(ParamValue(std::string(rows.text(3)))));
      }
    }
    for (const auto& [id, text] : mended)
      connection.query(table.mend).bind(std::string_view(text)).bind(id).run();
  }
}

Findings find_bad_fixed_params(SqliteConnection& connection, const CheckOptions&) {
  Findings findings;
  SqliteQuery rows = connection.query(kUnfinishedFixed);
  while (rows.next()) {
    try {
      (void)format::params_from_json(rows.text(2));
    } catch (const FormatError& error) {
      findings.push_back(finding_of("fixed-params", rows,
                                    fmt::format("it cannot take its parameters: {}", error.what()), false));
    }
  }
  return findings;
}

}  // namespace

std::vector<Check> attribute_checks() {
  return {{"attributes", find_bad_json, mend_json}, {"fixed-params", find_bad_fixed_params, {}}};
}

}  // namespace tune::storages::check
