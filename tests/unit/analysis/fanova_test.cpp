#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "support/trial_builder.hpp"
#include "tune/analysis/importance.hpp"
#include "tune/analysis/tree_variance.hpp"
#include "tune/error.hpp"

namespace tune {
namespace {

using analysis::Feature;
using analysis::FeatureRange;
using analysis::RegressionTree;
using analysis::TrainingData;
using testing::TrialBuilder;

const std::vector<Direction> kDown = {Direction::kMinimize};
const Distribution kUnit = FloatDistribution{0.0, 1.0};

RandomStream stream_of(std::uint64_t seed) {
  return RandomStream({seed, 0, Purpose::kSuggestion, 0});
}

/// Two numbers and a choice of three.
TrainingData mixed_data(std::uint64_t seed, std::size_t n_samples) {
  RandomStream stream({seed, 1, Purpose::kSuggestion, 0});
  TrainingData data{{{false, {}}, {true, {}}, {false, {}}}, {}};
  for (std::size_t i = 0; i < n_samples; ++i) {
    const double x = stream.uniform();
    const auto choice = stream.below(3);
    const double z = stream.uniform(10.0, 20.0);
    data.features[0].values.push_back(static_cast<float>(x));
    data.features[1].values.push_back(static_cast<float>(choice));
    data.features[2].values.push_back(static_cast<float>(z));
    data.targets.push_back(x * static_cast<double>(choice) + 0.1 * z);
  }
  return data;
}
const std::vector<FeatureRange> kMixedRanges = {{0.0, 1.0}, {}, {10.0, 20.0}};
constexpr std::size_t kChoices = 3;

/// A coordinate of the box that Optuna integrates over: a number, or one value of a choice.
struct Axis {
  std::size_t feature = 0;
  std::optional<std::size_t> choice;
  std::vector<double> ends;  ///< Of the pieces between which a tree's prediction may change.
};

std::vector<Axis> axes_of(const RegressionTree& tree) {
  std::vector<Axis> axes = {{0, {}, {0.0, 1.0}},
                            {1, 0, {0.0, 0.5, 1.0}},
                            {1, 1, {0.0, 0.5, 1.0}},
                            {1, 2, {0.0, 0.5, 1.0}},
                            {2, {}, {10.0, 20.0}}};
  for (Axis& axis : axes) {
    std::set<double> ends(axis.ends.begin(), axis.ends.end());
    for (const auto& node : tree) {
      if (node.split && node.split->feature == axis.feature && !axis.choice) ends.insert(node.split->threshold);
    }
    axis.ends.assign(ends.begin(), ends.end());
  }
  return axes;
}

double predicted(const RegressionTree& tree, const std::vector<double>& point) {
  std::size_t position = 0;
  while (tree[position].split) {
    const auto [feature, threshold] = *tree[position].split;
    const bool is_right = feature == 1 ? point[1 + static_cast<std::size_t>(threshold)] > 0.5
                                       : point[feature == 0 ? 0 : 1 + kChoices] > threshold;
    position = is_right ? tree[position].right : tree[position].left;
  }
  return tree[position].value;
}

/// A piece of the box, what the tree predicts there and the piece's share of the whole.
struct Piece {
  std::vector<double> point;
  double share = 1.0;
};

std::vector<Piece> pieces_of(const std::vector<Axis>& axes) {
  std::vector<Piece> pieces = {{}};
  for (const Axis& axis : axes) {
    std::vector<Piece> finer;
    for (const Piece& piece : pieces) {
      for (std::size_t i = 0; i + 1 < axis.ends.size(); ++i) {
        Piece part = piece;
        part.point.push_back(0.5 * (axis.ends[i] + axis.ends[i + 1]));
        part.share *= (axis.ends[i + 1] - axis.ends[i]) / (axis.ends.back() - axis.ends.front());
        finer.push_back(std::move(part));
      }
    }
    pieces = std::move(finer);
  }
  return pieces;
}

/// The variance of the mean prediction given the coordinates of `feature`; of all coordinates without one.
double variance_piece_by_piece(const RegressionTree& tree, std::optional<std::size_t> feature) {
  const std::vector<Axis> axes = axes_of(tree);
  std::map<std::vector<double>, std::pair<double, double>> groups;  // Share and share times prediction.
  double mean = 0.0;
  for (const Piece& piece : pieces_of(axes)) {
    std::vector<double> key;
    for (std::size_t a = 0; a < axes.size(); ++a) {
      if (!feature || axes[a].feature == *feature) key.push_back(piece.point[a]);
    }
    auto& [share, sum] = groups[key];
    share += piece.share;
    sum += piece.share * predicted(tree, piece.point);
    mean += piece.share * predicted(tree, piece.point);
  }
  double variance = 0.0;
  for (const auto& [key, group] : groups) {
    variance += group.first * std::pow(group.second / group.first - mean, 2.0);
  }
  return variance;
}

TEST(TreeVariance, IsWhatAddingUpAllPiecesOfTheSpaceGives) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const TrainingData data = mixed_data(seed, 9);
    RandomStream stream = stream_of(seed);
    const RegressionTree tree = analysis::TreeGrower(data).grow(64, stream);
    const auto variance = analysis::tree_variance(tree, data.features, kMixedRanges);
    EXPECT_NEAR(variance.total, variance_piece_by_piece(tree, {}), 1e-12) << "seed " << seed;
    for (std::size_t f = 0; f < data.features.size(); ++f) {
      EXPECT_NEAR(variance.of_feature[f], variance_piece_by_piece(tree, f), 1e-12)
          << "seed " << seed << " " << f;
    }
  }
}

TEST(RegressionTree, PredictsEverySampleThatItWasGrownOn) {
  const TrainingData data = mixed_data(7, 40);
  RandomStream stream = stream_of(7);
  const RegressionTree tree = analysis::TreeGrower(data).grow(64, stream);
  std::size_t n_met = 0;
  for (std::size_t i = 0; i < data.targets.size(); ++i) {
    std::vector<double> point(2 + kChoices);
    point[0] = data.features[0].values[i];
    point[1 + static_cast<std::size_t>(data.features[1].values[i])] = 1.0;
    point[1 + kChoices] = data.features[2].values[i];
    n_met += std::abs(predicted(tree, point) - data.targets[i]) < 1e-6 ? 1 : 0;
  }
  EXPECT_GT(n_met, 15U) << "about 63 % of the samples are drawn";
  EXPECT_LT(n_met, 40U) << "not all of them are";
}

TEST(RegressionTree, IsNoDeeperThanAllowed) {
  const TrainingData data = mixed_data(3, 50);
  RandomStream stream = stream_of(3);
  EXPECT_LE(analysis::TreeGrower(data).grow(2, stream).size(), 7U);
  EXPECT_EQ(analysis::TreeGrower(data).grow(0, stream).size(), 1U);
}

/// x decides, a little of the rest does.
std::vector<FrozenTrial> study_of(std::size_t n) {
  RandomStream stream = stream_of(11);
  std::vector<FrozenTrial> trials;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = stream.uniform();
    const auto c = static_cast<double>(stream.below(4));
    trials.push_back(TrialBuilder(static_cast<std::int64_t>(i))
                         .complete(x + 0.05 * c)
                         .param("x", x, kUnit)
                         .param("c", c, CategoricalDistribution{{std::int64_t{1}, true, "a", "b"}})
                         .param("fixed", 2.0, IntDistribution{2, 2})
                         .build());
  }
  return trials;
}

ImportanceOptions with_seed(std::uint64_t seed) {
  return {.evaluator = Fanova{.seed = seed}};
}

TEST(Fanova, PutsTheParameterThatMattersFirst) {
  const auto importances = param_importances(study_of(80), kDown, with_seed(0));
  ASSERT_EQ(importances.size(), 3U);
  EXPECT_EQ(importances[0].name, "x");
  EXPECT_GT(importances[0].importance, 0.9);
  EXPECT_EQ(importances[2], (ParamImportance{"fixed", 0.0}));
}

TEST(Fanova, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto trials = study_of(60);
  EXPECT_EQ(param_importances(trials, kDown, with_seed(1)), param_importances(trials, kDown, with_seed(1)));
  EXPECT_NE(param_importances(trials, kDown, with_seed(1)), param_importances(trials, kDown, with_seed(2)));
}

TEST(Fanova, LeavesOutParametersThatSomeTrialsLackOrSuggestedFromAnotherRange) {
  auto trials = study_of(60);
  trials[0].params.push_back({"sometimes", 0.5, kUnit});
  for (std::size_t i = 0; i < trials.size(); ++i) {
    trials[i].params.push_back({"wider", 0.5, FloatDistribution{0.0, i < 5 ? 1.0 : 2.0}});
  }
  for (const auto& [name, importance] : param_importances(trials, kDown, with_seed(0))) {
    EXPECT_NE(name, "sometimes");
    EXPECT_NE(name, "wider");
  }
  const std::vector<std::string> wider = {"wider"};
  const std::vector<std::string> unknown = {"x", "z"};
  EXPECT_THROW(std::ignore = param_importances(trials, kDown, {.evaluator = Fanova{}, .params = wider}),
               InvalidArgument);
  EXPECT_THROW(std::ignore = param_importances(trials, kDown, {.evaluator = Fanova{}, .params = unknown}),
               InvalidArgument);
}

TEST(Fanova, LooksAtTheTrialsThatHaveTheParametersAskedFor) {
  auto trials = study_of(60);
  for (std::size_t i = 0; i < 20; ++i) {
    trials[i].params.push_back({"y", i < 10 ? 0.25 : 0.75, kUnit});
    trials[i].values = {i < 10 ? 0.0 : 1.0};
  }
  const std::vector<std::string> wanted = {"x", "y"};
  const auto importances = param_importances(trials, kDown, {.evaluator = Fanova{}, .params = wanted});
  ASSERT_EQ(importances.size(), 2U);
  EXPECT_EQ(importances[0].name, "y");
}

TEST(Fanova, CannotExplainValuesThatAreAllTheSame) {
  auto trials = study_of(20);
  for (FrozenTrial& trial : trials) trial.values = {0.5};
  EXPECT_THROW(std::ignore = param_importances(trials, kDown, with_seed(0)), InvalidArgument);
}

TEST(Fanova, NeedsAnObjectiveWhereThereAreSeveral) {
  auto trials = study_of(30);
  for (FrozenTrial& trial : trials) trial.values = {trial.values[0], 1.0 - trial.values[0]};
  const std::vector<Direction> two = {Direction::kMinimize, Direction::kMaximize};
  EXPECT_THROW(std::ignore = param_importances(trials, two, with_seed(0)), InvalidArgument);
  const auto importances = param_importances(trials, two, {.evaluator = Fanova{}, .objective = 1});
  EXPECT_EQ(importances.front().name, "x");
}

TEST(Fanova, IsZeroForFewerThanTwoTrials) {
  const auto importances = param_importances(study_of(1), kDown, {.evaluator = Fanova{}, .normalize = false});
  for (const auto& [name, importance] : importances) EXPECT_EQ(importance, 0.0) << name;
  EXPECT_TRUE(param_importances({}, kDown, with_seed(0)).empty());
}

TEST(Fanova, TakesAThousandChoices) {
  std::vector<ParamValue> choices;
  for (std::int64_t i = 0; i < 1000; ++i) choices.emplace_back(i);
  const Param many{"c", 0.0, CategoricalDistribution{choices}};
  std::vector<FrozenTrial> trials;
  for (std::int64_t i = 0; i < 200; ++i) {
    const auto choice = static_cast<double>(i * 7 % 1000);
    trials.push_back(TrialBuilder(i).complete(choice).build());
    trials.back().params = {many};
    trials.back().params.front().value = choice;
  }
  EXPECT_EQ(param_importances(trials, kDown, with_seed(0)), (std::vector<ParamImportance>{{"c", 1.0}}));
}

}  // namespace
}  // namespace tune
