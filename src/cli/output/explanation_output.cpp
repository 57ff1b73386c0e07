#include "cli/output/explanation_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cli/output/candidate_values.hpp"
#include "cli/output/trial_reason.hpp"

namespace fmnist_tune {
namespace {

using tune::Explanation;
using tune::Forecast;
using tune::Reason;
using tune::Weighing;

/// More candidates tell a person no more.
constexpr std::size_t kShownCandidates = 5;

std::string count_text(std::size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text;
}

std::string seen_text(const Explanation& explanation) {
  return fmt::format("{} ({} complete, {} pruned), {} running",
                     count_text(explanation.n_complete + explanation.n_pruned, "finished trial"),
                     explanation.n_complete, explanation.n_pruned, explanation.n_running);
}

std::string suggested_text(const ExplainedTrial& explained) {
  const Explanation& explanation = explained.explanation;
  std::string text = fmt::format("suggested by {}", explained.sampler_name);
  if (!explanation.given.empty())
    text += fmt::format(", but for {} of its queue entry", names_text(explanation.given));
  if (!explanation.reasons.empty()) text += " from " + seen_text(explanation);
  if (explanation.is_moved) {
    text += fmt::format("; other trials had all {} draws: this is the nearest configuration to the first",
                        explanation.n_redraws + 1);
  } else if (explanation.n_redraws > 0) {
    text += explanation.n_redraws == 1
                ? "; another trial had the first draw"
                : fmt::format("; other trials had the first {} draws", explanation.n_redraws);
  }
  if (explanation.n_costly > 0) {
    text +=
        fmt::format("; {} left out, as estimated to cost more than the limits allow",
                    explanation.n_costly == 1 ? "1 configuration was"
                                              : fmt::format("{} configurations were", explanation.n_costly));
  }
  return text;
}

std::string origin_text(const ExplainedTrial& explained) {
  if (explained.trial.params.empty()) return "not suggested yet, or interrupted: it has no parameters";
  switch (explained.explanation.origin) {
    case Explanation::Origin::kSuggested:
      return suggested_text(explained);
    case Explanation::Origin::kEnqueued:
      return "put into the queue with these parameters";
    case Explanation::Origin::kReplicate:
      return fmt::format("repeats the configuration of trial {}: explain that one",
                         explained.explanation.original.value);
    case Explanation::Origin::kNotRecorded:
      break;
  }
  return explained.sampler_name.empty() ? "suggested by another program: its study keeps no study file from "
                                          "which that could be computed again"
                                        : "not known: nothing is stored about what the sampler could see; "
                                          "another program may have made the "
                                          "trial";
}

const char* origin_name(Explanation::Origin origin) {
  switch (origin) {
    case Explanation::Origin::kSuggested:
      return "suggested";
    case Explanation::Origin::kEnqueued:
      return "enqueued";
    case Explanation::Origin::kReplicate:
      return "replicate";
    case Explanation::Origin::kNotRecorded:
      break;
  }
  return "not recorded";
}

std::vector<std::pair<std::string, std::string>> facts_of(const ExplainedTrial& explained) {
  const tune::FrozenTrial& trial = explained.trial;
  std::vector<std::pair<std::string, std::string>> facts = {
      {"trial", std::to_string(trial.number.value)}, {"state", std::string(tune::to_string(trial.state))}};
  if (const auto reason = reason_of(trial)) facts.emplace_back("reason", *reason);
  for (const tune::Param& param : trial.params) {
    facts.emplace_back(printable(param.name), printable(tune::to_text(param.external())));
  }
  return facts;
}

/// The words in lines of at most that many characters.
std::string wrapped(const std::string& text, std::optional<std::size_t> width) {
  if (!width) return text + "\n";
  std::string lines;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const std::size_t length = character_count(word);
    const bool fits = column == 0 || column + 1 + length <= *width;
    if (column > 0) lines += fits ? ' ' : '\n';
    lines += word;
    column = fits && column > 0 ? column + 1 + length : length;
    begin = end + 1;
  }
  return lines + "\n";
}

/// The candidates, best first.
std::vector<std::size_t> by_score(const Weighing& weighing) {
  std::vector<std::size_t> order(weighing.log_l.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return score(weighing, a) > score(weighing, b); });
  return order;
}

std::string candidates_text(const ExplainedTrial& explained, const Reason& reason,
                            std::optional<std::size_t> width) {
  const Weighing& weighing = *reason.weighing;
  const auto order = by_score(weighing);
  Table table{{"candidate", "log l - log g", "log l", "log g"}, {}};
  table.columns.insert(table.columns.end(), reason.parameters.begin(), reason.parameters.end());
  for (std::size_t i = 0; i < std::min(order.size(), kShownCandidates); ++i) {
    const std::size_t candidate = order[i];
    std::vector<Cell> row = {static_cast<std::int64_t>(candidate), score(weighing, candidate),
                             weighing.log_l[candidate], weighing.log_g[candidate]};
    for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
      row.push_back(external(explained, reason.parameters[d], weighing.candidates[d][candidate]));
    }
    table.rows.push_back(std::move(row));
  }
  return to_table(table, width);
}

std::string forecast_text(const ExplainedTrial& explained, const Reason& reason,
                          std::optional<std::size_t> width) {
  const Forecast& forecast = *reason.forecast;
  Table table{{"candidate", "log improvement", "mean", "deviation"}, {}};
  table.columns.insert(table.columns.end(), reason.parameters.begin(), reason.parameters.end());
  for (std::size_t c = 0; c < forecast.score.size(); ++c) {
    std::vector<Cell> row = {static_cast<std::int64_t>(c), forecast.score[c], forecast.mean[c],
                             forecast.deviation[c]};
    for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
      row.push_back(value_cell(explained, reason.parameters[d], forecast.candidates[d][c]));
    }
    table.rows.push_back(std::move(row));
  }
  return to_table(table, width) +
         wrapped(
             fmt::format("why: {}: a loss of {:.2f} +- {:.2f}, where the trials it learnt from have 0 +- 1 and "
                         "less is better.",
                         reason.text, forecast.mean.front(), forecast.deviation.front()),
             width);
}

bool is_given(const ExplainedTrial& explained, const std::string& name) {
  const auto& given = explained.explanation.given;
  return std::find(given.begin(), given.end(), name) != given.end();
}

/// Positions of the parameters that were taken as drawn, those whose value speaks most for the candidate first.
std::vector<std::size_t> by_share(const ExplainedTrial& explained, const Reason& reason) {
  std::vector<std::size_t> order;
  for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
    const tune::Param* param = explained.trial.find_param(reason.parameters[d]);
    const double drawn = reason.weighing->candidates[d][reason.weighing->chosen];
    if (param != nullptr && param->value == drawn && !is_given(explained, param->name)) order.push_back(d);
  }
  const auto share = [&](std::size_t d) { return reason.weighing->shares[d][reason.weighing->chosen]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return share(a) > share(b); });
  return order;
}

std::string sentence(const ExplainedTrial& explained, const Reason& reason) {
  const Weighing& weighing = *reason.weighing;
  std::string text = fmt::format("why: {}", reason.text);
  const auto order = by_share(explained, reason);
  if (reason.parameters.size() < 2 || order.empty()) return text + ".";
  const auto told = [&](std::size_t d) {
    const auto value = external(explained, reason.parameters[d], weighing.candidates[d][weighing.chosen]);
    return fmt::format("{} = {} ({:+.2f})", printable(reason.parameters[d]), printable(tune::to_text(value)),
                       weighing.shares[d][weighing.chosen]);
  };
  text += fmt::format("; alone, {} speaks most for it", told(order.front()));
  if (weighing.shares[order.back()][weighing.chosen] < 0.0)
    text += fmt::format(", {} against it", told(order.back()));
  return text + ".";
}

std::string decision_text(const ExplainedTrial& explained, const Reason& reason,
                          std::optional<std::size_t> width) {
  std::string text = fmt::format("\n{}\n", names_text(reason.parameters));
  if (reason.forecast) return text + forecast_text(explained, reason, width);
  if (!reason.weighing) return text + wrapped(fmt::format("why: {}.", reason.text), width);
  text += fmt::format("good trials: {}\nother trials: {}\n", ranges_text(reason.weighing->below),
                      ranges_text(reason.weighing->above));
  return text + candidates_text(explained, reason, width) + wrapped(sentence(explained, reason), width);
}

/// Parameters that came about one by one in the same way are told together.
std::vector<Reason> told_together(const std::vector<Reason>& reasons) {
  std::vector<Reason> told;
  for (const Reason& reason : reasons) {
    const auto is_plain = [](const Reason& one) { return !one.weighing && !one.forecast; };
    const bool goes_on =
        !told.empty() && is_plain(reason) && is_plain(told.back()) && told.back().text == reason.text;
    if (goes_on) {
      told.back().parameters.insert(told.back().parameters.end(), reason.parameters.begin(),
                                    reason.parameters.end());
    } else {
      told.push_back(reason);
    }
  }
  return told;
}

Json numbers_json(const std::vector<std::size_t>& numbers) {
  Json list = Json::array();
  for (const std::size_t number : numbers) list.push_back(number);
  return list;
}

Json candidate_json(const ExplainedTrial& explained, const Reason& reason, std::size_t candidate) {
  const Weighing& weighing = *reason.weighing;
  Json params = Json::object();
  Json shares = Json::object();
  for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
    const std::string& name = reason.parameters[d];
    params[name] = json_value(external(explained, name, weighing.candidates[d][candidate]));
    shares[name] = json_number(weighing.shares[d][candidate]);
  }
  return {{"params", params},
          {"log_l", json_number(weighing.log_l[candidate])},
          {"log_g", json_number(weighing.log_g[candidate])},
          {"score", json_number(score(weighing, candidate))},
          {"shares", shares}};
}

Json prospect_json(const ExplainedTrial& explained, const Reason& reason, std::size_t candidate) {
  const Forecast& forecast = *reason.forecast;
  Json params = Json::object();
  for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
    const double value = forecast.candidates[d][candidate];
    if (std::isnan(value)) continue;
    params[reason.parameters[d]] = json_value(external(explained, reason.parameters[d], value));
  }
  return {{"params", params},
          {"mean", json_number(forecast.mean[candidate])},
          {"deviation", json_number(forecast.deviation[candidate])},
          {"score", json_number(forecast.score[candidate])}};
}

Json decision_json(const ExplainedTrial& explained, const Reason& reason) {
  Json decision = {{"parameters", reason.parameters}, {"text", reason.text}};
  if (reason.forecast) {
    decision["compared"] = reason.forecast->n_compared;
    decision["chosen"] = 0;
    decision["candidates"] = Json::array();
    for (std::size_t c = 0; c < reason.forecast->score.size(); ++c) {
      decision["candidates"].push_back(prospect_json(explained, reason, c));
    }
  }
  if (!reason.weighing) return decision;
  decision["below"] = numbers_json(reason.weighing->below);
  decision["above"] = numbers_json(reason.weighing->above);
  decision["chosen"] = reason.weighing->chosen;
  decision["candidates"] = Json::array();
  for (std::size_t c = 0; c < reason.weighing->log_l.size(); ++c) {
    decision["candidates"].push_back(candidate_json(explained, reason, c));
  }
  return decision;
}

}  // namespace

std::string ranges_text(const std::vector<std::size_t>& ascending) {
  std::string text;
  for (std::size_t i = 0; i < ascending.size();) {
    std::size_t end = i + 1;
    while (end < ascending.size() && ascending[end] == ascending[end - 1] + 1) ++end;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", ascending[i]);
    if (end - i > 1) text += fmt::format("-{}", ascending[end - 1]);
    i = end;
  }
  return text.empty() ? "none" : text;
}

std::string explanation_text(const ExplainedTrial& explained, std::optional<std::size_t> width) {
  std::string text = to_fact_list(facts_of(explained), width) + "\n" + wrapped(origin_text(explained), width);
  const Explanation& explanation = explained.explanation;
  if (explanation.origin != Explanation::Origin::kNotRecorded && !explanation.is_confirmed) {
    return text +
           wrapped(
               "Computed again, the suggestion is another one: the study's sampler, its options, its space or "
               "the program have changed since. So there is no telling why.",
               width);
  }
  for (const Reason& reason : told_together(explanation.reasons)) {
    text += decision_text(explained, reason, width);
  }
  return text;
}

Json explanation_json(const ExplainedTrial& explained) {
  const Explanation& explanation = explained.explanation;
  const bool is_replicate = explanation.origin == Explanation::Origin::kReplicate;
  const auto reason = reason_of(explained.trial);
  Json params = Json::object();
  for (const tune::Param& param : explained.trial.params) params[param.name] = json_value(param.external());
  Json document = {{"number", explained.trial.number.value},
                   {"state", tune::to_string(explained.trial.state)},
                   {"params", params},
                   {"origin", origin_name(explanation.origin)},
                   {"original", is_replicate ? Json(explanation.original.value) : Json()},
                   {"confirmed", explanation.is_confirmed},
                   {"seen",
                    {{"complete", explanation.n_complete},
                     {"pruned", explanation.n_pruned},
                     {"running", explanation.n_running}}},
                   {"redraws", explanation.n_redraws},
                   {"moved", explanation.is_moved},
                   {"costly", explanation.n_costly},
                   {"given", explanation.given},
                   {"reason", reason ? Json(*reason) : Json()},
                   {"decisions", Json::array()}};
  for (const Reason& one : explanation.reasons) document["decisions"].push_back(decision_json(explained, one));
  return document;
}

}  // namespace fmnist_tune
