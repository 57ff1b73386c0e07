#include "tune/stagnation.hpp"

namespace tune {
namespace {

bool is_better(double value, double best, Direction direction) {
  return direction == Direction::kMaximize ? value > best : value < best;
}

}  // namespace

std::optional<std::int64_t> Stagnation::last_size(const History& history) {
  const auto n_settled = static_cast<std::int64_t>(history.n_settled());
  for (; !last_size_ && n_seen_ < n_settled; ++n_seen_) {
    const TrialRecord& trial = history.trial(static_cast<std::size_t>(n_seen_));
    const bool counts = trial.state == TrialState::kComplete && !trial.values.empty() && trial.is_feasible();
    if (counts &&
        (best_number_ < 0 || is_better(trial.values.front(), best_value_, history.directions().front()))) {
      best_number_ = n_seen_;
      best_value_ = trial.values.front();
    }
    if (n_seen_ - best_number_ >= limit_) last_size_ = n_seen_ + lag_;
  }
  return last_size_;
}

}  // namespace tune
