#include "cli/output/candidates_table.hpp"

#include <map>
#include <utility>

#include "cli/output/candidate_values.hpp"

namespace fmnist_tune {
namespace {

using tune::Forecast;
using tune::Reason;
using tune::Weighing;

/// All candidates of a trial's decisions in one table: what a decision or a candidate lacks stays empty.
class CandidateRows {
 public:
  explicit CandidateRows(const ExplainedTrial& explained) : explained_(explained) {
    for (const Reason& reason : explained.explanation.reasons) {
      if (!reason.weighing && !reason.forecast) continue;
      for (const std::string& name : reason.parameters) add_columns(name, reason.weighing.has_value());
    }
  }

  void add(const Reason& reason) {
    if (reason.weighing) add_weighing(reason);
    if (reason.forecast) add_forecast(reason);
    n_decisions_ += reason.weighing || reason.forecast ? 1 : 0;
  }

  [[nodiscard]] Table table() && { return std::move(table_); }

 private:
  enum Column : std::size_t { kDecision, kCandidate, kChosen, kLogL, kLogG, kMean, kDeviation, kScore };

  void add_columns(const std::string& name, bool has_shares) {
    add_column("params_" + name);
    if (has_shares) add_column("score_" + name);
  }

  void add_column(const std::string& column) {
    if (place_.emplace(column, table_.columns.size()).second) table_.columns.push_back(column);
  }

  Cell& cell(std::vector<Cell>& row, const std::string& prefix, const std::string& name) {
    return row[place_.at(prefix + name)];
  }

  std::vector<Cell>& new_row(std::size_t candidate, bool is_chosen) {
    auto& row = table_.rows.emplace_back(table_.columns.size());
    row[kDecision] = n_decisions_;
    row[kCandidate] = static_cast<std::int64_t>(candidate);
    row[kChosen] = is_chosen;
    return row;
  }

  void add_weighing(const Reason& reason) {
    const Weighing& weighing = *reason.weighing;
    for (std::size_t c = 0; c < weighing.log_l.size(); ++c) {
      auto& row = new_row(c, c == weighing.chosen);
      row[kLogL] = weighing.log_l[c];
      row[kLogG] = weighing.log_g[c];
      row[kScore] = score(weighing, c);
      for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
        const std::string& name = reason.parameters[d];
        cell(row, "params_", name) = external(explained_, name, weighing.candidates[d][c]);
        cell(row, "score_", name) = weighing.shares[d][c];
      }
    }
  }

  void add_forecast(const Reason& reason) {
    const Forecast& forecast = *reason.forecast;
    for (std::size_t c = 0; c < forecast.score.size(); ++c) {
      auto& row = new_row(c, c == 0);
      row[kMean] = forecast.mean[c];
      row[kDeviation] = forecast.deviation[c];
      row[kScore] = forecast.score[c];
      for (std::size_t d = 0; d < reason.parameters.size(); ++d) {
        const std::string& name = reason.parameters[d];
        cell(row, "params_", name) = value_cell(explained_, name, forecast.candidates[d][c]);
      }
    }
  }

  const ExplainedTrial& explained_;
  Table table_{{"decision", "candidate", "chosen", "log_l", "log_g", "mean", "deviation", "score"}, {}};
  std::map<std::string, std::size_t> place_;  ///< By name of the column.
  std::int64_t n_decisions_ = 0;
};

}  // namespace

Table candidates_table(const ExplainedTrial& explained) {
  CandidateRows rows(explained);
  for (const Reason& reason : explained.explanation.reasons) rows.add(reason);
  return std::move(rows).table();
}

}  // namespace fmnist_tune
