#include "cli/output/curves_output.hpp"

#include <map>
#include <set>
#include <string>

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;

/// User attribute with the curves that an objective keeps besides what it reports.
constexpr const char* kCurvesKey = "curves";

/// The curves of one trial by name, each by step.
using Curves = std::map<std::string, std::map<std::int64_t, Cell>>;

/// Numbers that are not finite are texts.
Cell cell_of(const Json& entry) {
  if (entry.is_number()) return entry.get<double>();
  return entry.is_string() ? Cell(entry.get<std::string>()) : Cell();
}

/// Lists in an object; anything else is no curve.
Curves kept_curves(const FrozenTrial& trial) {
  Curves curves;
  const auto found = trial.user_attrs.find(kCurvesKey);
  const Json kept = found == trial.user_attrs.end() ? Json() : json_of_attribute(found->second);
  if (!kept.is_object()) return curves;
  for (const auto& [name, list] : kept.items()) {
    if (!list.is_array()) continue;
    std::int64_t step = 0;
    for (const Json& entry : list) curves[name][++step] = cell_of(entry);
  }
  return curves;
}

Cell at(const std::map<std::int64_t, Cell>& curve, std::int64_t step) {
  const auto found = curve.find(step);
  return found == curve.end() ? Cell() : found->second;
}

/// One trial: what it reported and what it keeps.
struct TrialCurves {
  std::int64_t number = 0;
  std::map<std::int64_t, Cell> reported;
  Curves kept;

  explicit TrialCurves(const FrozenTrial& trial) : number(trial.number.value), kept(kept_curves(trial)) {
    for (const auto& [step, value] : trial.intermediate) reported[step] = value;
  }
  [[nodiscard]] std::set<std::int64_t> steps() const {
    std::set<std::int64_t> all;
    for (const auto& [step, value] : reported) all.insert(step);
    for (const auto& [name, curve] : kept) {
      for (const auto& [step, value] : curve) all.insert(step);
    }
    return all;
  }
};

}  // namespace

Table curves_table(const std::vector<FrozenTrial>& trials) {
  std::vector<TrialCurves> all(trials.begin(), trials.end());
  std::set<std::string> names;
  for (const TrialCurves& trial : all) {
    for (const auto& [name, curve] : trial.kept) names.insert(name);
  }
  Table table{{"trial", "step", "value"}, {}};
  // A trial may keep a curve under one of these names.
  const std::set<std::string> own(table.columns.begin(), table.columns.end());
  for (const std::string& name : names) table.columns.push_back(own.contains(name) ? "curves_" + name : name);
  for (const TrialCurves& trial : all) {
    for (const std::int64_t step : trial.steps()) {
      auto& row = table.rows.emplace_back(std::vector<Cell>{trial.number, step, at(trial.reported, step)});
      for (const std::string& name : names) {
        const auto found = trial.kept.find(name);
        row.push_back(found == trial.kept.end() ? Cell() : at(found->second, step));
      }
    }
  }
  return table;
}

Json curves_json(const std::vector<FrozenTrial>& trials) {
  const Table table = curves_table(trials);
  Json list = Json::array();
  for (const auto& row : table.rows) {
    Json point = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) point[table.columns[i]] = json_value(row[i]);
    list.push_back(std::move(point));
  }
  return list;
}

}  // namespace fmnist_tune
