#include "tune/analysis/regression_tree.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <span>

namespace tune::analysis {
namespace {

using Order = std::vector<std::uint32_t>;

constexpr float kSmallestDifference = 1e-7F;  // scikit-learn's FEATURE_THRESHOLD.
constexpr double kSmallestImpurity = std::numeric_limits<double>::epsilon();

/// Sums over some samples, each as often as it was drawn.
struct Sums {
  double weight = 0.0;
  double target = 0.0;

  void add(double sample_weight, double sample_target) {
    weight += sample_weight;
    target += sample_weight * sample_target;
  }
  /// What a side adds to the fall of the squared error, but for what all splits have in common.
  [[nodiscard]] double gain() const { return target * target / weight; }
};

Sums operator-(const Sums& a, const Sums& b) {
  return {a.weight - b.weight, a.target - b.target};
}

/// One feature's best way to part a node's samples, or one choice's.
struct Candidate {
  TreeSplit split;
  double gain = -std::numeric_limits<double>::infinity();
};

/// The best of some candidates, any of those that are equally good.
class Choice {
 public:
  explicit Choice(RandomStream& stream) : stream_(stream) {}

  void consider(const Candidate& candidate) {
    if (candidate.gain < best_.gain) return;
    n_best_ = candidate.gain > best_.gain ? 1 : n_best_ + 1;
    if (stream_.below(n_best_) == 0) best_ = candidate;
  }
  [[nodiscard]] std::optional<TreeSplit> best() const {
    return n_best_ == 0 ? std::nullopt : std::optional(best_.split);
  }

 private:
  RandomStream& stream_;
  Candidate best_;
  std::uint64_t n_best_ = 0;
};

/// Halfway, but never the upper value itself, which belongs to the other side.
double between(float lower, float upper) {
  const double middle = static_cast<double>(lower) / 2.0 + static_cast<double>(upper) / 2.0;
  return middle == static_cast<double>(upper) ? static_cast<double>(lower) : middle;
}

/// One tree while it grows. Every feature's list of samples is kept sorted: the samples of a node are one range
/// of each list.
class Growth {
 public:
  Growth(const TrainingData& data, const std::vector<Order>& orders, std::size_t max_depth,
         RandomStream& stream)
      : data_(data), max_depth_(max_depth), stream_(stream), weights_(data.targets.size()) {
    for (std::size_t i = 0; i < weights_.size(); ++i) ++weights_[stream.below(weights_.size())];
    for (const Order& order : orders) {
      std::copy_if(order.begin(), order.end(), std::back_inserter(orders_.emplace_back()),
                   [this](std::uint32_t sample) { return weights_[sample] > 0.0; });
    }
    goes_left_.resize(weights_.size());
  }

  RegressionTree run() {
    std::vector<Job> jobs = {{0, 0, orders_.front().size(), 0}};
    tree_.emplace_back();
    while (!jobs.empty()) {
      const Job job = jobs.back();
      jobs.pop_back();
      const auto split = judge(job);
      if (!split) continue;
      const std::size_t middle = part(job, *split);
      tree_[job.node].split = split;
      tree_[job.node].left = tree_.size();
      tree_[job.node].right = tree_.size() + 1;
      jobs.push_back({tree_.size(), job.begin, middle, job.depth + 1});
      jobs.push_back({tree_.size() + 1, middle, job.end, job.depth + 1});
      tree_.resize(tree_.size() + 2);
    }
    return std::move(tree_);
  }

 private:
  /// A node to be judged, and the range of its samples.
  struct Job {
    std::size_t node;
    std::size_t begin;
    std::size_t end;
    std::size_t depth;
  };

  [[nodiscard]] std::span<const std::uint32_t> samples(std::size_t feature, const Job& job) const {
    return std::span(orders_[feature]).subspan(job.begin, job.end - job.begin);
  }

  /// Sets the node's value and says how to split it, if at all.
  std::optional<TreeSplit> judge(const Job& job) {
    Sums all;
    double squares = 0.0;
    for (const std::uint32_t sample : samples(0, job)) {
      const double target = data_.targets[sample];
      all.add(weights_[sample], target);
      squares += weights_[sample] * target * target;
    }
    const double mean = all.target / all.weight;
    tree_[job.node].value = mean;
    const bool is_pure = squares / all.weight - mean * mean <= kSmallestImpurity;
    if (is_pure || job.end - job.begin < 2 || job.depth >= max_depth_) return std::nullopt;
    Choice choice(stream_);
    for (std::size_t f = 0; f < data_.features.size(); ++f) {
      if (data_.features[f].is_choice) {
        consider_choices(f, samples(f, job), all, choice);
      } else {
        consider_thresholds(f, samples(f, job), all, choice);
      }
    }
    return choice.best();
  }

  void consider_thresholds(std::size_t feature, std::span<const std::uint32_t> sorted, const Sums& all,
                           Choice& choice) const {
    const std::vector<float>& values = data_.features[feature].values;
    Candidate best;
    Sums left;
    for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
      left.add(weights_[sorted[i]], data_.targets[sorted[i]]);
      const float here = values[sorted[i]];
      const float next = values[sorted[i + 1]];
      if (next <= here + kSmallestDifference) continue;
      const double gain = left.gain() + (all - left).gain();
      if (gain > best.gain) best = {{feature, between(here, next)}, gain};
    }
    if (std::isfinite(best.gain)) choice.consider(best);
  }

  /// The samples come choice by choice.
  void consider_choices(std::size_t feature, std::span<const std::uint32_t> sorted, const Sums& all,
                        Choice& choice) const {
    const std::vector<float>& values = data_.features[feature].values;
    for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
      const float index = values[sorted[begin]];
      Sums chosen;
      for (; end < sorted.size() && values[sorted[end]] == index; ++end) {
        chosen.add(weights_[sorted[end]], data_.targets[sorted[end]]);
      }
      if (end - begin == sorted.size()) return;  // There is one choice only.
      choice.consider({{feature, static_cast<double>(index)}, (all - chosen).gain() + chosen.gain()});
    }
  }

  /// Puts the samples of the left child before the others in every list; returns where those begin.
  std::size_t part(const Job& job, const TreeSplit& split) {
    const Feature& feature = data_.features[split.feature];
    for (const std::uint32_t sample : samples(0, job)) {
      const auto value = static_cast<double>(feature.values[sample]);
      goes_left_[sample] = feature.is_choice ? value != split.threshold : value <= split.threshold;
    }
    std::size_t middle = job.begin;
    for (Order& order : orders_) {
      const auto begin = order.begin() + static_cast<std::ptrdiff_t>(job.begin);
      const auto end = order.begin() + static_cast<std::ptrdiff_t>(job.end);
      const auto found =
          std::stable_partition(begin, end, [this](std::uint32_t sample) { return goes_left_[sample] != 0; });
      middle = static_cast<std::size_t>(found - order.begin());
    }
    return middle;
  }

  const TrainingData& data_;
  std::size_t max_depth_;
  RandomStream& stream_;
  std::vector<double> weights_;  ///< How often each sample was drawn.
  std::vector<Order> orders_;
  std::vector<std::uint8_t> goes_left_;
  RegressionTree tree_;
};

}  // namespace

TreeGrower::TreeGrower(const TrainingData& data) : data_(data) {
  for (const Feature& feature : data.features) {
    Order& order = orders_.emplace_back(data.targets.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return feature.values[a] < feature.values[b]; });
  }
}

RegressionTree TreeGrower::grow(std::size_t max_depth, RandomStream& stream) const {
  return Growth(data_, orders_, max_depth, stream).run();
}

}  // namespace tune::analysis
