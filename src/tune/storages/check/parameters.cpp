#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "tune/distribution.hpp"
#include "tune/error.hpp"
#include "tune/storages/check/checks.hpp"

// Parameters: their distributions, their values, and what must be the same in all trials of a study.
namespace tune::storages::check {
namespace {

constexpr const char* kParams =
    "SELECT s.study_name, t.number, p.param_name, p.param_value, p.distribution_json, p.param_id, "
    "typeof(p.param_value) IN ('real', 'integer') "
    "FROM trial_params p JOIN trials t ON t.trial_id = p.trial_id JOIN studies s ON s.study_id = t.study_id "
    "ORDER BY t.study_id, t.trial_id, p.param_id";

/// What Optuna passes on to the constructor of a distribution; anything else is an error there.
const std::map<std::string_view, std::set<std::string_view>>& known_attributes() {
  static const std::map<std::string_view, std::set<std::string_view>> kKnown = {
      {"FloatDistribution", {"low", "high", "log", "step"}},
      {"IntDistribution", {"low", "high", "log", "step"}},
      {"CategoricalDistribution", {"choices"}},
      {"UniformDistribution", {"low", "high"}},
      {"LogUniformDistribution", {"low", "high"}},
      {"DiscreteUniformDistribution", {"low", "high", "q"}},
      {"IntUniformDistribution", {"low", "high", "step"}},
      {"IntLogUniformDistribution", {"low", "high", "step"}}};
  return kKnown;
}

/// A distribution's text, read once: a study repeats a few of them many times.
struct ReadText {
  std::optional<Distribution> distribution;
  std::string complaint;              ///< Empty: Optuna reads it.
  std::optional<std::string> mended;  ///< What Optuna reads instead.
};

/// Removes an attribute that Optuna would not take; empty when there is none.
std::string take_foreign_attribute(nlohmann::json& node) {
  if (!node.is_object() || !node.contains("name") || !node["name"].is_string()) return {};
  const auto known = known_attributes().find(node["name"].get<std::string>());
  if (known == known_attributes().end() || !node["attributes"].is_object()) return {};
  for (const auto& [name, value] : node["attributes"].items()) {
    if (known->second.contains(name)) continue;
    std::string taken = name;
    node["attributes"].erase(taken);
    return taken;
  }
  return {};
}

/// An integer range without a step, which other programs write for 1.
bool set_missing_step(nlohmann::json& node) {
  if (!node.is_object() || !node.contains("name") || node["name"] != "IntDistribution") return false;
  auto& attributes = node["attributes"];
  if (!attributes.is_object() || !attributes.contains("step") || !attributes["step"].is_null()) return false;
  attributes["step"] = 1;
  return true;
}

ReadText read_text(std::string_view text) {
  auto node = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool has_no_step = set_missing_step(node);
  std::string foreign;
  for (std::string name = take_foreign_attribute(node); !name.empty(); name = take_foreign_attribute(node)) {
    foreign = std::move(name);
  }
  ReadText read;
  try {
    read.distribution =
        distribution_from_json(has_no_step || !foreign.empty() ? node.dump() : std::string(text));
  } catch (const FormatError& error) {
    read.complaint = error.what();
    return read;
  }
  if (has_no_step) read.complaint = "an integer distribution whose step is null";
  if (!foreign.empty()) {
    read.complaint = fmt::format("a distribution with an attribute \"{}\" that Optuna does not know", foreign);
  }
  if (!read.complaint.empty()) read.mended = to_json(*read.distribution);
  return read;
}

class Texts {
 public:
  const ReadText& operator[](std::string_view text) {
    std::string key(text);
    const auto known = texts_.find(key);
    if (known != texts_.end()) return known->second;
    ReadText read = read_text(key);
    return texts_.emplace(std::move(key), std::move(read)).first->second;
  }

 private:
  std::map<std::string, ReadText, std::less<>> texts_;
};

Findings find_bad_distributions(SqliteConnection& connection, const CheckOptions&) {
  Findings findings;
  Texts texts;
  SqliteQuery rows = connection.query(kParams);
  while (rows.next()) {
    const ReadText& read = texts[rows.text(4)];
    if (read.complaint.empty()) continue;
    findings.push_back(finding_of("distributions", rows,
                                  fmt::format("its parameter \"{}\" has {}", rows.text(2), read.complaint),
                                  read.mended.has_value()));
  }
  return findings;
}

void mend_distributions(SqliteConnection& connection, const CheckOptions&) {
  std::map<std::int64_t, std::string> mended;
  {
    Texts texts;
    SqliteQuery rows = connection.query(kParams);
    while (rows.next()) {
      if (const ReadText& read = texts[rows.text(4)]; read.mended)
        mended.emplace(rows.integer(5), *read.mended);
    }
  }
  for (const auto& [id, text] : mended) {
    connection.query("UPDATE trial_params SET distribution_json = ? WHERE param_id = ?")
        .bind(std::string_view(text))
        .bind(id)
        .run();
  }
}

/// Why the value cannot be one of the distribution. Numbers beyond the range are no mistake: Optuna stores what
/// a trial was enqueued with.
std::optional<std::string> objection(const SqliteQuery& row, const Distribution& distribution) {
  const double value = row.real(3);
  if (row.integer(6) == 0 || !std::isfinite(value)) return "has no number for a value";
  const auto* list = std::get_if<CategoricalDistribution>(&distribution);
  if (list == nullptr) return std::nullopt;
  const bool is_index =
      value >= 0 && value < static_cast<double>(list->choices.size()) && value == std::floor(value);
  if (is_index) return std::nullopt;
  return fmt::format("has {} for the index of one of its {} choices", value, list->choices.size());
}

Findings find_bad_params(SqliteConnection& connection, const CheckOptions&) {
  Findings findings;
  Texts texts;
  SqliteQuery rows = connection.query(kParams);
  while (rows.next()) {
    const ReadText& read = texts[rows.text(4)];
    if (!read.distribution) continue;
    if (const auto reason = objection(rows, *read.distribution)) {
      findings.push_back(
          finding_of("parameters", rows, fmt::format("its parameter \"{}\" {}", rows.text(2), *reason), false));
    }
  }
  return findings;
}

Findings find_changed_distributions(SqliteConnection& connection, const CheckOptions&) {
  Findings findings;
  Texts texts;
  std::map<std::pair<std::string, std::string>, Distribution> first;  ///< By study and parameter.
  std::set<std::tuple<std::string, std::string, std::string>> compared;
  SqliteQuery rows = connection.query(kParams);
  while (rows.next()) {
    const ReadText& read = texts[rows.text(4)];
    if (!read.distribution) continue;
    const std::string study(rows.text(0));
    const std::string name(rows.text(2));
    if (!compared.emplace(study, name, std::string(rows.text(4))).second) continue;
    const auto [known, is_first] = first.emplace(std::pair(study, name), *read.distribution);
    if (is_first) continue;
    try {
      check_compatible(name, known->second, *read.distribution);
    } catch (const InvalidArgument& error) {
      findings.push_back(finding_of("same-distributions", rows, error.what(), false));
    }
  }
  return findings;
}

}  // namespace

std::vector<Check> parameter_checks() {
  return {{"distributions", find_bad_distributions, mend_distributions},
          {"parameters", find_bad_params, {}},
          {"same-distributions", find_changed_distributions, {}}};
}

}  // namespace tune::storages::check
