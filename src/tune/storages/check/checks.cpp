#include "tune/storages/check/checks.hpp"

#include <iterator>
#include <utility>

namespace tune::storages::check {

Finding finding_of(const char* name, const SqliteQuery& row, std::string what, bool is_repairable) {
  Finding finding;
  finding.check = name;
  if (!row.is_null(0)) finding.study = std::string(row.text(0));
  if (!row.is_null(1)) finding.trial = TrialNumber{row.integer(1)};
  finding.what = std::move(what);
  finding.is_repairable = is_repairable;
  return finding;
}

Check sql_check(const char* name, const char* find, std::vector<const char*> mend) {
  Check check{name, {}, {}};
  check.find = [name, find](SqliteConnection& connection, const CheckOptions&) {
    Findings findings;
    SqliteQuery rows = connection.query(find);
    while (rows.next()) {
      findings.push_back(finding_of(name, rows, std::string(rows.text(2)), rows.integer(3) != 0));
    }
    return findings;
  };
  if (mend.empty()) return check;
  check.mend = [mend = std::move(mend)](SqliteConnection& connection, const CheckOptions&) {
    for (const char* statement : mend) connection.query(statement).run();
  };
  return check;
}

const std::vector<Check>& all_checks() {
  static const std::vector<Check> kChecks = [] {
    std::vector<Check> all;
    for (auto group : {structure_checks(), trial_checks(), value_checks(), parameter_checks(),
                       attribute_checks(), running_checks()}) {
      std::move(group.begin(), group.end(), std::back_inserter(all));
    }
    return all;
  }();
  return kChecks;
}

}  // namespace tune::storages::check
