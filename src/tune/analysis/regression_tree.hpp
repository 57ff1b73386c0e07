#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tune/random.hpp"

namespace tune::analysis {

/// One column of what a tree learns from: a number, or the index of a choice, a sample.
struct Feature {
  bool is_choice = false;
  std::vector<float> values;
};

/// Samples side by side: `targets` and every feature have an entry each.
struct TrainingData {
  std::vector<Feature> features;
  std::vector<double> targets;
};

/// Where samples part. Numbers: up to the threshold to the left. Choices: those with the choice `threshold` to
/// the right, all others to the left.
struct TreeSplit {
  std::size_t feature = 0;
  double threshold = 0.0;
};

struct TreeNode {
  std::optional<TreeSplit> split;  ///< Nothing in a leaf.
  std::size_t left = 0;            ///< Positions of the children.
  std::size_t right = 0;
  double value = 0.0;  ///< The mean of the targets that got here.
};

/// The root first.
using RegressionTree = std::vector<TreeNode>;

/// Grows trees as scikit-learn's `RandomForestRegressor` does with Optuna's settings: on samples drawn with
/// replacement, split where the squared error falls most, by all features, until the targets of a leaf are one.
/// A choice counts as one column of zeros and ones for each of its values. Of splits that are equally good one
/// is drawn. As there, differences of up to 1e-7 are not seen. Breiman, "Random forests", 2001.
///
/// Cost a tree: O(n d) a level for n samples and d features, after sorting once for all trees.
class TreeGrower {
 public:
  /// `data` must stay.
  explicit TreeGrower(const TrainingData& data);

  /// Draws the samples and the ties from the stream.
  [[nodiscard]] RegressionTree grow(std::size_t max_depth, RandomStream& stream) const;

 private:
  const TrainingData& data_;
  std::vector<std::vector<std::uint32_t>> orders_;  ///< Samples by value, a list a feature.
};

}  // namespace tune::analysis
