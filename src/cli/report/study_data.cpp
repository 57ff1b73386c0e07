#include "cli/report/study_data.hpp"

#include <algorithm>
#include <cctype>

#include "cli/output/trial_output.hpp"
#include "cli/report/importances.hpp"
#include "cli/report/trial_data.hpp"
#include "cli/run/provenance.hpp"
#include "cli/run/study_check.hpp"
#include "tune/analysis/pareto_front.hpp"

namespace fmnist_tune::report {
namespace {

/// Changes when a page of one version could not read the data of another.
constexpr int kFormat = 1;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

Json directions_json(const tune::StudyRecord& study) {
  Json list = Json::array();
  for (const auto direction : study.directions) list.push_back(lower_case(tune::to_string(direction)));
  return list;
}

/// COMPLETE trials with a value an objective: others can be in a damaged file.
std::vector<tune::FrozenTrial> comparable(const std::vector<tune::FrozenTrial>& trials,
                                          std::size_t n_objectives) {
  std::vector<tune::FrozenTrial> found;
  for (const auto& trial : trials) {
    if (trial.state == tune::TrialState::kComplete && trial.values.size() == n_objectives)
      found.push_back(trial);
  }
  return found;
}

Json best_json(const tune::StudyRecord& study, const std::vector<tune::FrozenTrial>& complete) {
  Json numbers = Json::array();
  for (const std::size_t i : tune::pareto_front(complete, study.directions)) {
    numbers.push_back(complete[i].number.value);
  }
  return numbers;
}

Json provenance_of(const tune::StudyRecord& study) {
  Json facts = Json::object();
  for (const auto& [key, name] : {std::pair(kVersionKey, "fmnist-tune"), std::pair(kSeedKey, "seed")}) {
    const auto kept = study.system_attrs.find(key);
    if (kept != study.system_attrs.end()) facts[name] = json_of_attribute(kept->second);
  }
  facts.update(kept_facts(study));
  return facts;
}

Json study_json(const tune::StudyRecord& study) {
  Json user_attrs = Json::object();
  for (const auto& [name, text] : study.user_attrs) user_attrs[name] = json_of_attribute(text);
  const auto file = kept_study_file(study);
  return {{"name", study.name},
          {"directions", directions_json(study)},
          {"metrics", metric_names(study)},
          {"user_attrs", std::move(user_attrs)},
          {"provenance", provenance_of(study)},
          {"study_file", file ? Json(*file) : Json(nullptr)}};
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

StudyData study_data(const tune::StudyRecord& study, const std::vector<tune::FrozenTrial>& trials,
                     ParameterList& parameters) {
  for (const auto& trial : trials) parameters.add(trial);
  const auto complete = comparable(trials, study.directions.size());
  const Json head = {{"format", kFormat},
                     {"study", study_json(study)},
                     {"parameters", parameters.to_json()},
                     {"best", best_json(study, complete)},
                     {"importances", importances_json(study, complete)}};
  StudyData data{to_line(head), {}};
  const TrialDetail detail = detail_for(trials.size());
  for (const auto& trial : trials) data.trials.push_back(trial_text(trial, parameters, detail));
  return data;
}

std::string whole_text(const Json& page, const StudyData& data) {
  std::string text =
      "{\"page\":" + to_line(page) + "," + data.head.substr(1, data.head.size() - 2) + ",\"trials\":[";
  for (const std::string& trial : data.trials) {
    if (text.back() != '[') text += ",\n";
    text += trial;
  }
  return text + "]}";
}

}  // namespace fmnist_tune::report
