#include "cli/report/importances.hpp"

#include "tune/analysis/importance.hpp"
#include "tune/error.hpp"

namespace fmnist_tune::report {
namespace {

Json values_json(const tune::StudyRecord& study, const std::vector<tune::FrozenTrial>& complete,
                 std::size_t objective) {
  Json values = Json::array();
  for (const auto& [name, importance] :
       tune::param_importances(complete, study.directions, {.objective = objective})) {
    values.push_back({name, json_number(importance)});
  }
  return values;
}

Json importance_json(const tune::StudyRecord& study, const std::vector<tune::FrozenTrial>& complete,
                     std::size_t objective) {
  if (complete.size() < 2) return {{"reason", "Importances need at least two COMPLETE trials."}};
  try {
    return {{"evaluator", "PED-ANOVA"}, {"values", values_json(study, complete, objective)}};
  } catch (const tune::InvalidArgument& error) {
    return {{"reason", error.what()}};
  }
}

}  // namespace

Json importances_json(const tune::StudyRecord& study, const std::vector<tune::FrozenTrial>& complete) {
  Json list = Json::array();
  for (std::size_t i = 0; i < study.directions.size(); ++i) list.push_back(importance_json(study, complete, i));
  return list;
}

}  // namespace fmnist_tune::report
