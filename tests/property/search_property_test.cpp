#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "support/random_studies.hpp"
#include "tune/math/hypervolume.hpp"
#include "tune/math/non_domination.hpp"
#include "tune/samplers/parzen_estimator.hpp"
#include "tune/samplers/registry.hpp"
#include "tune/samplers/trial_split.hpp"

namespace tune {
namespace {

using testing::Space;

const SearchSpace kDefineByRun;

SamplingContext next_trial(const History& history, std::uint64_t seed, std::size_t results_below) {
  return {.history = HistoryView(history, results_below),
          .number = TrialNumber{static_cast<std::int64_t>(history.size())},
          .seed = seed,
          .declared = kDefineByRun};
}

RC_GTEST_PROP(Samplers, SuggestInsideTheDomainWhateverTheHistory, (std::uint64_t seed)) {
  RandomStream stream(StreamKey{.seed = seed});
  const Space space = testing::random_space(stream);
  const auto n_trials = testing::draw_int(stream, 0, 60);
  const std::size_t n_objectives = stream.below(4) == 0 ? 1 + stream.below(3) : 1;
  const History history = testing::random_history(space, n_trials, n_objectives, stream);
  const std::size_t results_below = stream.below(2) == 0 ? 1000 : stream.below(60);
  for (const SamplerEntry& entry : sampler_registry()) {
    if (entry.name == "grid") {
      continue;  // Looks at no history, and plans only declared spaces.
    }
    const auto sampler = make_sampler(entry.name);
    const auto context = next_trial(history, seed, results_below);
    const auto values = testing::suggest_all(*sampler, context, space);
    for (std::size_t i = 0; i < space.size(); ++i) {
      RC_LOG() << entry.name << ": " << values[i] << " in " << to_json(space[i].distribution) << "\n";
      RC_ASSERT(contains(space[i].distribution, values[i]));
    }
    RC_ASSERT(testing::suggest_all(*sampler, context, space) == values);
  }
}

RC_GTEST_PROP(TrialSplit, DealsEveryTrialOnceAndFillsBelow, (std::uint64_t seed)) {
  RandomStream stream(StreamKey{.seed = seed});
  const std::size_t n_objectives = 1 + stream.below(3);
  const History history = testing::random_history({}, testing::draw_int(stream, 0, 50), n_objectives, stream);
  std::vector<std::size_t> trials;
  std::size_t n_scored = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const TrialState state = history.trial(i).state;
    if (state != TrialState::kFail) {
      trials.push_back(i);
      n_scored += state == TrialState::kRunning ? 0 : 1;
    }
  }
  const std::size_t n_below = stream.below(30);
  const auto split = samplers::split_trials(HistoryView(history), trials, n_below);
  RC_ASSERT(split.below.size() == std::min(n_below, n_scored));
  RC_ASSERT(std::is_sorted(split.below.begin(), split.below.end()));
  std::vector<std::size_t> all = split.below;
  all.insert(all.end(), split.above.begin(), split.above.end());
  std::sort(all.begin(), all.end());
  RC_ASSERT(all == trials);
}

// Σ over a grid of exp(log density) is 1.
RC_GTEST_PROP(ParzenEstimator, IsAProbabilityOverEveryFiniteDomain, (std::uint64_t seed)) {
  RandomStream stream(StreamKey{.seed = seed});
  Distribution distribution = testing::random_distribution(stream);
  const auto n_values = cardinality(distribution);
  RC_PRE(n_values.has_value() && *n_values <= 3000);
  const auto n_observed = static_cast<std::size_t>(testing::draw_int(stream, 0, 40));
  samplers::ParzenEstimator::Columns observed(1);
  for (std::size_t i = 0; i < n_observed; ++i) {
    observed[0].push_back(draw_uniform(distribution, stream));
  }
  samplers::ParzenEstimator::Columns points(1);
  for (std::uint64_t k = 0; k < *n_values; ++k) {
    const auto index = static_cast<double>(k);
    if (const auto* number = std::get_if<FloatDistribution>(&distribution)) {
      points[0].push_back(number->low + index * number->step.value());
    } else if (const auto* integer = std::get_if<IntDistribution>(&distribution)) {
      points[0].push_back(static_cast<double>(integer->low) + index * static_cast<double>(integer->step));
    } else {
      points[0].push_back(index);
    }
  }
  const std::vector<const Distribution*> space{&distribution};
  double total = 0.0;
  for (const double log_density : samplers::ParzenEstimator(space, observed).log_density(points)) {
    total += std::exp(log_density);
  }
  RC_LOG() << to_json(distribution) << " sums to " << total << "\n";
  RC_ASSERT(std::abs(total - 1.0) < 1e-6);
}

math::PointSet random_points(std::size_t n, std::size_t dimensions, RandomStream& stream) {
  math::PointSet points(dimensions);
  std::vector<double> point(dimensions);
  for (std::size_t i = 0; i < n; ++i) {
    std::generate(point.begin(), point.end(), [&] { return static_cast<double>(stream.below(8)) / 8.0; });
    points.add(point);
  }
  return points;
}

bool dominates(std::span<const double> a, std::span<const double> b) {
  bool better = false;
  for (std::size_t d = 0; d < a.size(); ++d) {
    if (a[d] > b[d]) {
      return false;
    }
    better = better || a[d] < b[d];
  }
  return better;
}

RC_GTEST_PROP(NonDomination, RankIsOneMoreThanTheWorstDominator, (std::uint64_t seed)) {
  RandomStream stream(StreamKey{.seed = seed});
  const math::PointSet points = random_points(stream.below(40), 1 + stream.below(4), stream);
  const auto ranks = math::non_domination_ranks(points, points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::size_t expected = 0;
    for (std::size_t j = 0; j < points.size(); ++j) {
      if (dominates(points[j], points[i])) {
        expected = std::max(expected, ranks[j] + 1);
      }
    }
    RC_ASSERT(ranks[i] == expected);
  }
}

// Points lie on a grid of eighths, so counting dominated cells is exact.
RC_GTEST_PROP(Hypervolume, EqualsTheCountOfDominatedCells, (std::uint64_t seed)) {
  RandomStream stream(StreamKey{.seed = seed});
  const std::size_t dimensions = 2 + stream.below(3);
  const math::PointSet points = random_points(stream.below(12), dimensions, stream);
  std::size_t n_cells = 1;
  for (std::size_t d = 0; d < dimensions; ++d) {
    n_cells *= 8;
  }
  std::size_t n_dominated = 0;
  for (std::size_t cell = 0; cell < n_cells; ++cell) {
    std::vector<double> corner;
    for (std::size_t d = 0, rest = cell; d < dimensions; ++d, rest /= 8) {
      corner.push_back(static_cast<double>(rest % 8) / 8.0);
    }
    bool covered = false;
    for (std::size_t i = 0; i < points.size() && !covered; ++i) {
      covered = std::equal(corner.begin(), corner.end(), points[i].begin(), std::greater_equal<>());
    }
    n_dominated += covered ? 1 : 0;
  }
  const std::vector<double> reference(dimensions, 1.0);
  const double expected = static_cast<double>(n_dominated) / static_cast<double>(n_cells);
  RC_ASSERT(std::abs(math::hypervolume(points, reference) - expected) < 1e-12);
}

/// Best value of a study of x² + y² with these suggestions.
double best_of_study(const Sampler& sampler, std::uint64_t seed, std::int64_t n_trials) {
  const Space space{{"x", FloatDistribution{-5.0, 5.0, false, {}}},
                    {"y", FloatDistribution{-5.0, 5.0, false, {}}}};
  History history({Direction::kMinimize});
  double best = std::numeric_limits<double>::infinity();
  for (std::int64_t number = 0; number < n_trials; ++number) {
    const auto context = next_trial(history, seed, 1000);
    const auto point = testing::suggest_all(sampler, context, space);
    const double loss = point[0] * point[0] + point[1] * point[1];
    best = std::min(best, loss);
    history.apply(testing::TrialBuilder(number)
                      .complete(loss)
                      .param("x", point[0], space[0].distribution)
                      .param("y", point[1], space[1].distribution)
                      .build());
  }
  return best;
}

std::vector<double> sorted_bests(const char* sampler, std::uint64_t n_seeds, std::int64_t n_trials) {
  std::vector<double> bests;
  for (std::uint64_t seed = 0; seed < n_seeds; ++seed) {
    bests.push_back(best_of_study(*make_sampler(sampler), seed, n_trials));
  }
  std::sort(bests.begin(), bests.end());
  return bests;
}

// The streams are keyed, so the outcome of each side is always the same.
TEST(TpeSampler, BeatsRandomSearchOnAParabola) {
  const auto tpe = sorted_bests("tpe", 30, 60);
  const auto random = sorted_bests("random", 30, 60);
  EXPECT_LT(tpe[15], random[15] / 3.0);
  EXPECT_LT(tpe[27], random[15]);
}

}  // namespace
}  // namespace tune
