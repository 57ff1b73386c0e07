#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "tune/history.hpp"

namespace tune {

/// What a History keeps in order, so that no suggestion sorts: each is brought up to date when it is asked for,
/// by inserting the trials that came since. What nobody asks for costs an entry in a list.
///
/// The history notes changes while it alone has access; readers may then ask from any thread.
class HistoryIndex {
 public:
  /// The trial has a value of that column now, and had none before.
  void note_value(std::size_t column, std::size_t number);
  /// The trial's value in that column changed or went away.
  void note_lost_value(std::size_t column);
  /// The trial has just become COMPLETE, PRUNED or FAIL.
  void note_finished(std::size_t number);
  /// Something changed about a trial that was finished already.
  void note_rewritten();

  [[nodiscard]] std::span<const std::uint32_t> by_value(const History& history, std::size_t column);
  [[nodiscard]] std::span<const std::uint32_t> scored(const History& history);
  [[nodiscard]] TrialRanking ranking(const History& history);
  [[nodiscard]] std::vector<std::uint32_t> common_columns(const History& history);
  [[nodiscard]] StepValues complete_values_at(const History& history, std::int64_t step);

 private:
  struct ColumnOrder {
    std::vector<std::uint32_t> sorted;
    std::vector<std::uint32_t> pending;
    bool is_stale = false;
  };
  /// What the scored trials have of one column.
  struct Presence {
    std::size_t n_scored = 0;
    std::uint32_t distribution = 0;
    bool is_mixed = false;
  };
  struct StepColumn {
    std::vector<double> sorted;
    std::size_t n_reported = 0;
    std::size_t n_seen = 0;  ///< Of the finished trials.
  };

  static void update(const Column& values, ColumnOrder& order);
  void count_columns(const History& history, std::size_t number);
  void update_ranking(const History& history);
  void forget_rewritten(const History& history);

  std::mutex mutex_;
  std::vector<ColumnOrder> columns_;
  std::vector<std::uint32_t> finished_;  ///< In the order in which they were.
  bool is_rewritten_ = false;
  std::size_t n_ranked_ = 0;  ///< Of `finished_`.
  std::vector<std::uint32_t> scored_;
  std::vector<std::uint32_t> complete_;
  std::vector<std::uint32_t> pruned_;
  std::vector<std::uint32_t> infeasible_;
  std::vector<Presence> presence_;
  std::map<std::int64_t, StepColumn> steps_;
};

}  // namespace tune
