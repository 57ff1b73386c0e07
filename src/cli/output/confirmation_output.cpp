#include "cli/output/confirmation_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cli/output/csv.hpp"
#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "cli/run/confirmation.hpp"
#include "cli/run/paired_comparison.hpp"

namespace fmnist_tune {
namespace {

struct Result {
  std::string study;
  Confirmed confirmed;
  const StudyConfig& config;
  std::vector<std::optional<double>> found;  ///< The values that the trials had in the study.
  PairedComparison comparison;
  std::vector<std::size_t> order;  ///< The best mean first.
  std::int64_t n_missing = 0;      ///< Replicates that are not finished.
  std::int64_t n_without = 0;      ///< Finished ones without a value.
  std::int64_t n_infeasible = 0;   ///< Those with one, but beyond a constraint.

  [[nodiscard]] std::int64_t number(std::size_t point) const { return confirmed.trials.at(point); }
  [[nodiscard]] bool is_whole() const { return n_missing == 0 && n_without == 0 && n_infeasible == 0; }
  [[nodiscard]] const Contender& contender(std::size_t point) const { return comparison.contenders.at(point); }
};

std::vector<std::optional<double>> values_in_study(tune::SqliteReader& reader, const Confirmed& confirmed) {
  std::vector<std::optional<double>> values(confirmed.trials.size());
  const auto study = reader.find_study(confirmed.study);
  if (!study) return values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto trials = reader.trials(study->id, {.number = tune::TrialNumber{confirmed.trials[i]}});
    if (!trials.empty() && !trials.front().values.empty()) values[i] = trials.front().values.front();
  }
  return values;
}

std::vector<std::size_t> best_mean_first(const PairedComparison& comparison, tune::Direction direction) {
  std::vector<std::size_t> order(comparison.contenders.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Contender& x = comparison.contenders[a];
    const Contender& y = comparison.contenders[b];
    if ((x.n == 0) != (y.n == 0)) return y.n == 0;
    if (x.n == 0) return false;
    return direction == tune::Direction::kMaximize ? x.mean > y.mean : x.mean < y.mean;
  });
  return order;
}

Result read_result(tune::SqliteReader& reader, const tune::StudyRecord& study, const Confirmed& confirmed,
                   const StudyConfig& config) {
  const auto trials = reader.trials(study.id);
  const auto n_points = confirmed.trials.size();
  const tune::Direction direction = config.objectives.front().direction;
  const auto values = replicates_by_point(trials, n_points, config.replicates);
  Result result{
      study.name, confirmed, config, values_in_study(reader, confirmed), compare_pairs(values, direction), {}};
  result.order = best_mean_first(result.comparison, direction);
  std::int64_t n_values = 0;
  for (const Contender& contender : result.comparison.contenders)
    n_values += static_cast<std::int64_t>(contender.n);
  const auto n_finished = std::count_if(trials.begin(), trials.end(), [](const tune::FrozenTrial& trial) {
    return trial.state != tune::TrialState::kRunning && trial.state != tune::TrialState::kWaiting;
  });
  const std::int64_t n_all = static_cast<std::int64_t>(n_points) * config.replicates;
  result.n_missing = std::max<std::int64_t>(0, n_all - n_finished);
  result.n_infeasible = std::count_if(trials.begin(), trials.end(), [](const tune::FrozenTrial& trial) {
    return trial.state == tune::TrialState::kComplete && trial.violation() > 0.0;
  });
  result.n_without = std::max<std::int64_t>(0, n_all - result.n_missing - n_values - result.n_infeasible);
  return result;
}

std::string numbers_text(const Result& result, const std::vector<std::size_t>& points) {
  std::string text;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const char* separator = i == 0 ? "" : i + 1 == points.size() ? " and " : ", ";
    const double p_value = result.contender(points[i]).p_value.value_or(1.0);
    text += fmt::format("{}{} (p = {:.2g})", separator, result.number(points[i]), p_value);
  }
  return text;
}

std::string verdict_on_others(const Result& result, std::size_t best) {
  const auto& comparison = result.comparison;
  const std::string mean = readable(result.contender(best).mean);
  if (!result.is_whole()) {
    return fmt::format("trial {} is ahead with a mean of {}, but there is no winner without all replicates",
                       result.number(best), mean);
  }
  if (comparison.has_winner()) {
    return fmt::format("trial {} wins: its mean {} is better than that of each other one, p < {}",
                       result.number(best), mean, kSignificance);
  }
  std::string text = fmt::format("seed noise cannot tell trial {}, whose mean {} is the best, from trial{} {}",
                                 result.number(best), mean, comparison.undecided.size() == 1 ? "" : "s",
                                 numbers_text(result, comparison.undecided));
  const auto needed = fewest_pairs(comparison.contenders.size());
  if (result.config.replicates < needed) {
    text += fmt::format("; that takes at least {} replicates for {} configurations", needed,
                        comparison.contenders.size());
  }
  return text;
}

std::string verdict(const Result& result) {
  std::string text = "there is no value yet";
  if (const auto best = result.comparison.best) {
    text = result.comparison.contenders.size() == 1
               ? fmt::format("trial {} is the only configuration: there is nothing to compare it with",
                             result.number(*best))
               : verdict_on_others(result, *best);
  }
  if (result.n_without > 0) text += fmt::format("; {} replicates ended without a value", result.n_without);
  if (result.n_infeasible > 0)
    text += fmt::format("; {} replicates are beyond a constraint and do not count", result.n_infeasible);
  if (result.n_missing > 0) {
    text += fmt::format("; {} replicates are missing: the same command goes on", result.n_missing);
  }
  return text;
}

std::vector<std::string> parameter_names(const StudyConfig& config) {
  std::vector<std::string> names;
  for (const tune::ParameterDeclaration& declaration : config.space.parameters()) {
    const bool is_given =
        std::any_of(config.points.begin(), config.points.end(),
                    [&](const tune::ParamValues& point) { return point.contains(declaration.name); });
    if (is_given) names.push_back(declaration.name);
  }
  return names;
}

Cell cell(double number) {
  return std::isnan(number) ? Cell() : Cell(number);
}

Cell cell(const std::optional<double>& number) {
  return number ? Cell(*number) : Cell();
}

Table table_of(const Result& result) {
  Table table{{"trial", "value", "replicates", "mean", "std", "min", "max", "wins", "p"}, {}};
  const auto names = parameter_names(result.config);
  table.columns.insert(table.columns.end(), names.begin(), names.end());
  for (const std::size_t point : result.order) {
    const Contender& contender = result.contender(point);
    std::vector<Cell> row{result.number(point),
                          cell(result.found.at(point)),
                          static_cast<std::int64_t>(contender.n),
                          cell(contender.mean),
                          cell(contender.standard_deviation),
                          cell(contender.smallest),
                          cell(contender.largest),
                          contender.wins,
                          cell(contender.p_value)};
    const tune::ParamValues& params = result.config.points.at(point);
    for (const std::string& name : names) {
      const auto value = params.find(name);
      row.push_back(value == params.end() ? Cell() : value->second);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Json json_of(const std::optional<double>& number) {
  return number && !std::isnan(*number) ? json_number(*number) : Json();
}

Json contender_json(const Result& result, std::size_t point) {
  const Contender& contender = result.contender(point);
  Json params = Json::object();
  for (const auto& [name, value] : result.config.points.at(point)) params[name] = json_value(value);
  return {{"trial", result.number(point)},
          {"value", json_of(result.found.at(point))},
          {"n", contender.n},
          {"mean", json_of(contender.mean)},
          {"standard_deviation", json_of(contender.standard_deviation)},
          {"min", json_of(contender.smallest)},
          {"max", json_of(contender.largest)},
          {"wins", contender.wins},
          {"n_pairs", contender.n_pairs},
          {"p_value", json_of(contender.p_value)},
          {"params", std::move(params)}};
}

Json json_answer(const Result& result) {
  const auto& comparison = result.comparison;
  Json contenders = Json::array();
  for (const std::size_t point : result.order) contenders.push_back(contender_json(result, point));
  Json undecided = Json::array();
  for (const std::size_t point : comparison.undecided) undecided.push_back(result.number(point));
  const bool has_winner = comparison.has_winner() && comparison.contenders.size() > 1 && result.is_whole();
  return {{"study", result.study},
          {"confirms", result.confirmed.study},
          {"metric", result.config.objectives.front().metric},
          {"direction", tune::to_string(result.config.objectives.front().direction)},
          {"n_replicates", result.config.replicates},
          {"n_missing", result.n_missing},
          {"significance", kSignificance},
          {"best", comparison.best ? Json(result.number(*comparison.best)) : Json()},
          {"winner", has_winner ? Json(result.number(*comparison.best)) : Json()},
          {"undecided", std::move(undecided)},
          {"verdict", verdict(result)},
          {"trials", std::move(contenders)}};
}

}  // namespace

std::string confirmation_text(const std::filesystem::path& storage, const StudyConfig& config, Format format) {
  tune::SqliteReader reader(storage);
  const auto study = reader.find_study(config.name);
  const auto confirmed = study ? confirmed_by(*study) : std::nullopt;
  if (!confirmed || confirmed->trials.size() != config.points.size()) return "";
  const Result result = read_result(reader, *study, *confirmed, config);
  switch (format) {
    case Format::kJson:
      return to_text(json_answer(result));
    case Format::kCsv:
      return to_csv(table_of(result));
    case Format::kTable:
      break;
  }
  return fmt::format("{}p: Wilcoxon signed rank of the pairs with the best mean, two-sided, Holm\n{}\n",
                     to_table(table_of(result), output_width()), verdict(result));
}

}  // namespace fmnist_tune
