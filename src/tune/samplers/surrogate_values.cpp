#include "tune/samplers/surrogate_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>

#include "tune/math/elementary.hpp"

namespace tune::samplers {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

bool is_better(const TrialLoss& a, const TrialLoss& b) {
  return a.loss < b.loss || (a.loss == b.loss && a.number < b.number);
}

class Losses {
 public:
  explicit Losses(const HistoryView& history)
      : history_(history),
        sign_(history.directions().front() == Direction::kMaximize ? -1.0 : 1.0),
        is_infeasible_(history.size()) {
    for (const std::uint32_t number : history.ranking().infeasible) {
      is_infeasible_[number] = true;
    }
    const auto complete = shown(history.ranking().complete);
    const bool is_some_pruned_feasible = !shown(history.ranking().pruned).empty();
    has_feasible_ = !complete.empty() || is_some_pruned_feasible;
    median_ = complete.empty() ? -kInfinity : value(complete[complete.size() / 2]);
  }

  // NaN where nothing is known.
  [[nodiscard]] double of(std::size_t number) const {
    if (is_infeasible_[number]) {
      return has_feasible_ ? kInfinity : history_.record(number).violation;
    }
    if (history_.state(number) == TrialState::kComplete) {
      return value(number);
    }
    const auto reports = history_.intermediate(number);
    const double last = reports.empty() ? kUnknown : sign_ * reports.back().value;
    return last == last ? std::max(last, median_) : last;
  }

 private:
  [[nodiscard]] std::vector<std::uint32_t> shown(std::span<const std::uint32_t> numbers) const {
    std::vector<std::uint32_t> found;
    std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(found),
                 [&](std::uint32_t number) { return history_.shows_result(number); });
    return found;
  }

  // A damaged file may hold a trial without one.
  [[nodiscard]] double value(std::size_t number) const {
    const auto values = history_.values(number);
    return values.empty() || values[0] != values[0] ? kInfinity : sign_ * values[0];
  }

  const HistoryView& history_;
  double sign_;
  std::vector<bool> is_infeasible_;
  bool has_feasible_ = false;
  double median_ = -kInfinity;  ///< Of the feasible COMPLETE trials.
};

void make_finite(std::vector<TrialLoss>& trials) {
  double low = kInfinity;
  double high = -kInfinity;
  for (const TrialLoss& trial : trials) {
    if (std::isfinite(trial.loss)) {
      low = std::min(low, trial.loss);
      high = std::max(high, trial.loss);
    }
  }
  if (low > high) {  // None is finite.
    low = -1.0;
    high = 1.0;
  }
  for (TrialLoss& trial : trials) {
    trial.loss = trial.loss != trial.loss ? high : std::clamp(trial.loss, low, high);
  }
}

/// Values with mean 0 and variance 1, and how likely the losses are if these are normal: −n log(deviation) and
/// the logarithms of the slopes.
struct Warped {
  std::vector<double> values;
  double likelihood = 0.0;
};

// log(1 + curvature · ratio) of each, or the ratios themselves for a curvature of 0.
Warped warp(const std::vector<double>& ratios, double curvature) {
  const auto n = static_cast<double>(ratios.size());
  Warped warped;
  double mean = 0.0;
  for (const double ratio : ratios) {
    const double compressed = math::log1p(curvature * ratio);
    warped.values.push_back(curvature > 0.0 ? compressed / curvature : ratio);
    warped.likelihood -= compressed;
    mean += warped.values.back() / n;
  }
  double variance = 0.0;
  for (double& value : warped.values) {
    value -= mean;
    variance += value * value / n;
  }
  const double deviation = std::sqrt(variance);
  for (double& value : warped.values) {
    value = deviation > 0.0 ? value / deviation : 0.0;
  }
  warped.likelihood -= n * math::log(deviation);
  return warped;
}

}  // namespace

std::vector<TrialLoss> trial_losses(const HistoryView& history, std::span<const std::size_t> scored) {
  const Losses losses(history);
  std::vector<TrialLoss> trials;
  for (const std::size_t number : scored) {
    trials.push_back({number, losses.of(number)});
  }
  make_finite(trials);
  std::sort(trials.begin(), trials.end(), is_better);
  return trials;
}

std::vector<std::size_t> promising_and_latest(const HistoryView& history, std::span<const std::size_t> scored,
                                              std::size_t most) {
  if (scored.size() <= 4 * most) {
    return {scored.begin(), scored.end()};
  }
  const auto latest = scored.last(most);
  std::vector<std::size_t> kept(latest.begin(), latest.end());
  const TrialRanking ranking = history.ranking();
  for (const auto ranked : {ranking.complete, ranking.pruned, ranking.infeasible}) {
    std::size_t n_taken = 0;
    for (auto number = ranked.begin(); number != ranked.end() && n_taken < most; ++number) {
      if (history.shows_result(*number)) {
        kept.push_back(*number);
        ++n_taken;
      }
    }
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

std::vector<TrialLoss> best_and_latest(const std::vector<TrialLoss>& ranked, std::size_t most) {
  if (ranked.size() <= most) {
    return ranked;
  }
  std::vector<TrialLoss> kept = ranked;
  const auto half = kept.begin() + static_cast<std::ptrdiff_t>(most / 2);
  std::sort(half, kept.end(), [](const TrialLoss& a, const TrialLoss& b) { return a.number > b.number; });
  kept.resize(most);
  std::sort(kept.begin(), kept.end(), is_better);
  return kept;
}

std::vector<double> compressed(const std::vector<TrialLoss>& ranked) {
  constexpr double kCurvatures[] = {0.3, 1.0};  // Stronger ones make a lone dip of the best trial.
  constexpr double kMostRatio = 1e100;          // Squares must stay finite.
  if (ranked.empty()) {
    return {};
  }
  // Halves, as the losses may lie as far apart as all doubles.
  const double best = 0.5 * ranked.front().loss;
  const double median = 0.5 * ranked[ranked.size() / 2].loss - best;
  const double scale = median > 0.0 ? median : 0.5 * ranked.back().loss - best;
  std::vector<double> ratios;
  for (const TrialLoss& trial : ranked) {
    ratios.push_back(scale > 0.0 ? std::min((0.5 * trial.loss - best) / scale, kMostRatio) : 0.0);
  }
  Warped best_warped = warp(ratios, 0.0);
  for (const double curvature : kCurvatures) {
    Warped warped = warp(ratios, curvature);
    if (warped.likelihood > best_warped.likelihood) {
      best_warped = std::move(warped);
    }
  }
  return std::move(best_warped.values);
}

}  // namespace tune::samplers
