#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tune/analysis/regression_tree.hpp"

namespace tune::analysis {

/// The range of a feature that is a number; of a choice it is not read.
struct FeatureRange {
  double low = 0.0;
  double high = 1.0;
};

/// How much a tree's prediction varies when all features are drawn evenly from their ranges, and how much of
/// that is due to each feature alone (Hutter et al., "An efficient approach for assessing hyperparameter
/// importance", ICML 2014).
struct TreeVariance {
  double total = 0.0;
  std::vector<double> of_feature;  ///< The variance of the prediction averaged over all other features.
};

/// As in Optuna, a choice counts as one column a value, each 0 or 1 with the same probability.
/// Cost O(leaves · depth), and for a choice the square of the number of different ways in which leaves depend
/// on it.
[[nodiscard]] TreeVariance tree_variance(const RegressionTree& tree, const std::vector<Feature>& features,
                                         std::span<const FeatureRange> ranges);

}  // namespace tune::analysis
