#include "tune/analysis/tree_variance.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace tune::analysis {
namespace {

/// What a path down the tree asks of one feature.
struct Side {
  std::size_t feature = 0;
  double low = 0.0;  ///< Numbers: this part of the range, of which all is 0 … 1.
  double high = 1.0;
  std::vector<std::size_t> none_of;   ///< Choices: not these …
  std::optional<std::size_t> one_of;  ///< … and this one.

  /// How likely a point drawn evenly is on this side.
  [[nodiscard]] double fraction() const {
    const int n_columns = static_cast<int>(none_of.size()) + (one_of ? 1 : 0);
    return std::ldexp(high - low, -n_columns);
  }
};

struct Leaf {
  double value = 0.0;
  double weight = 1.0;  ///< The share of all points that get here.
  std::vector<Side> sides;
};

/// Walks down to every leaf with what its path asks.
class LeafCollector {
 public:
  LeafCollector(const RegressionTree& tree, const std::vector<Feature>& features,
                std::span<const FeatureRange> ranges)
      : tree_(tree), features_(features), ranges_(ranges) {}

  std::vector<Leaf> run() {
    std::vector<std::pair<std::size_t, std::vector<Side>>> open = {{0, {}}};
    while (!open.empty()) {
      auto [position, sides] = std::move(open.back());
      open.pop_back();
      const TreeNode& node = tree_[position];
      if (!node.split) {
        add_leaf(node.value, std::move(sides));
        continue;
      }
      open.emplace_back(node.right, narrowed(sides, *node.split, false));
      open.emplace_back(node.left, narrowed(std::move(sides), *node.split, true));
    }
    return std::move(leaves_);
  }

 private:
  void add_leaf(double value, std::vector<Side> sides) {
    double weight = 1.0;
    for (const Side& side : sides) weight *= side.fraction();
    leaves_.push_back({value, weight, std::move(sides)});
  }

  [[nodiscard]] std::vector<Side> narrowed(std::vector<Side> sides, const TreeSplit& split,
                                           bool is_left) const {
    auto found = std::find_if(sides.begin(), sides.end(),
                              [&](const Side& side) { return side.feature == split.feature; });
    if (found == sides.end()) found = sides.insert(sides.end(), Side{split.feature, 0.0, 1.0, {}, {}});
    if (features_[split.feature].is_choice) {
      narrow_choice(*found, static_cast<std::size_t>(split.threshold), is_left);
    } else {
      const double place = std::clamp(place_of(split), found->low, found->high);
      (is_left ? found->high : found->low) = place;
    }
    return sides;
  }

  static void narrow_choice(Side& side, std::size_t choice, bool is_left) {
    if (is_left) {
      side.none_of.push_back(choice);
    } else {
      side.one_of = choice;
    }
  }

  /// Halves keep the difference of the ends below infinity.
  [[nodiscard]] double place_of(const TreeSplit& split) const {
    const FeatureRange& range = ranges_[split.feature];
    return (0.5 * split.threshold - 0.5 * range.low) / (0.5 * range.high - 0.5 * range.low);
  }

  const RegressionTree& tree_;
  const std::vector<Feature>& features_;
  std::span<const FeatureRange> ranges_;
  std::vector<Leaf> leaves_;
};

/// A leaf as one feature sees it: there the average over all others is higher by `height`.
struct Step {
  const Side* side = nullptr;
  double height = 0.0;
};

double variance_of_number(const std::vector<Step>& steps) {
  std::vector<std::pair<double, double>> changes;  // Where, and by how much.
  for (const auto& [side, height] : steps) {
    changes.emplace_back(side->low, height);
    changes.emplace_back(side->high, -height);
  }
  std::sort(changes.begin(), changes.end());
  double level = 0.0;
  double mean = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
    level += changes[i].second;
    const double width = changes[i + 1].first - changes[i].first;
    mean += width * level;
    squares += width * level * level;
  }
  return squares - mean * mean;
}

/// Which columns of a choice are 0 and which are 1, a bit each; only columns that the tree asks for.
struct Columns {
  std::vector<std::uint64_t> zeros;
  std::vector<std::uint64_t> ones;

  friend auto operator<=>(const Columns&, const Columns&) = default;
};

void set_bit(std::vector<std::uint64_t>& words, std::size_t bit) {
  words[bit / 64] |= std::uint64_t{1} << bit % 64;
}

/// The probability that a point fits both.
double probability(const Columns& a, const Columns& b) {
  int n_fixed = 0;
  for (std::size_t i = 0; i < a.zeros.size(); ++i) {
    const std::uint64_t zeros = a.zeros[i] | b.zeros[i];
    const std::uint64_t ones = a.ones[i] | b.ones[i];
    if ((zeros & ones) != 0) return 0.0;
    n_fixed += std::popcount(zeros | ones);
  }
  return std::ldexp(1.0, -n_fixed);
}

/// Leaves that ask the same of the choice, together.
std::vector<std::pair<Columns, double>> heights_by_columns(const std::vector<Step>& steps) {
  std::map<std::size_t, std::size_t> bits;
  for (const Step& step : steps) {
    for (const std::size_t choice : step.side->none_of) bits.emplace(choice, bits.size());
    if (step.side->one_of) bits.emplace(*step.side->one_of, bits.size());
  }
  const std::vector<std::uint64_t> none(bits.size() / 64 + 1);
  std::map<Columns, double> heights;
  for (const Step& step : steps) {
    Columns columns{none, none};
    for (const std::size_t choice : step.side->none_of) set_bit(columns.zeros, bits.at(choice));
    if (step.side->one_of) set_bit(columns.ones, bits.at(*step.side->one_of));
    heights[std::move(columns)] += step.height;
  }
  return {heights.begin(), heights.end()};
}

double variance_of_choice(const std::vector<Step>& steps) {
  const auto heights = heights_by_columns(steps);
  double mean = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < heights.size(); ++i) {
    const auto& [columns, height] = heights[i];
    mean += height * probability(columns, columns);
    squares += height * height * probability(columns, columns);
    for (std::size_t j = 0; j < i; ++j) {
      squares += 2.0 * height * heights[j].second * probability(columns, heights[j].first);
    }
  }
  return squares - mean * mean;
}

double mean_value(const std::vector<Leaf>& leaves) {
  double sum = 0.0;
  double weight = 0.0;
  for (const Leaf& leaf : leaves) {
    sum += leaf.weight * leaf.value;
    weight += leaf.weight;
  }
  return sum / weight;
}

}  // namespace

TreeVariance tree_variance(const RegressionTree& tree, const std::vector<Feature>& features,
                           std::span<const FeatureRange> ranges) {
  const std::vector<Leaf> leaves = LeafCollector(tree, features, ranges).run();
  const double mean = mean_value(leaves);
  TreeVariance variance{0.0, std::vector<double>(features.size())};
  std::vector<std::vector<Step>> steps(features.size());
  for (const Leaf& leaf : leaves) {
    const double excess = leaf.value - mean;
    variance.total += leaf.weight * excess * excess;
    for (const Side& side : leaf.sides) {
      // A leaf without width is nowhere, whatever the others are.
      if (side.fraction() > 0.0) steps[side.feature].push_back({&side, excess * leaf.weight / side.fraction()});
    }
  }
  for (std::size_t f = 0; f < features.size(); ++f) {
    if (steps[f].empty()) continue;
    const double own = features[f].is_choice ? variance_of_choice(steps[f]) : variance_of_number(steps[f]);
    variance.of_feature[f] = std::max(own, 0.0);
  }
  return variance;
}

}  // namespace tune::analysis
