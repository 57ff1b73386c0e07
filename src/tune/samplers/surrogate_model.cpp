#include "tune/samplers/surrogate_model.hpp"

#include <algorithm>
#include <limits>

#include "tune/math/matern_fit.hpp"
#include "tune/samplers/relative_params.hpp"

namespace tune::samplers {
namespace {

using Configuration = SurrogateSpace::Configuration;

constexpr std::size_t kMostTrials = 160;
constexpr std::size_t kMostFitted = 80;
constexpr std::size_t kEvaluations = 20;
constexpr std::size_t kMostRunning = 64;

/// Reads configurations of trials, with what running ones have announced.
class Reader {
 public:
  Reader(const SurrogateSpace& space, const HistoryView& history, RandomStream& stream)
      : space_(space), history_(history), stream_(stream) {}

  Configuration scored(std::size_t number) const {
    Configuration found(space_.size());
    for (std::size_t d = 0; d < space_.size(); ++d) {
      const Column* column = space_.parameters()[d].column;
      found[d] = column != nullptr && column->has(number) ? column->values[number]
                                                          : space_.from_unit(d, stream_.uniform());
    }
    return found;
  }

  Configuration running(std::size_t number) const {
    Configuration found = scored(number);
    const ParamValues decided = relative_params(history_.record(number).system_attrs);
    for (std::size_t d = 0; d < space_.size() && !decided.empty(); ++d) {
      const SurrogateParameter& parameter = space_.parameters()[d];
      if (parameter.column == nullptr || !parameter.column->has(number)) {
        found[d] = decided_value(decided, parameter.name, *parameter.distribution).value_or(found[d]);
      }
    }
    return found;
  }

 private:
  const SurrogateSpace& space_;
  const HistoryView& history_;
  RandomStream& stream_;
};

// The latest of the running trials but for the one that asks.
std::vector<std::size_t> running_trials(const SamplingContext& context) {
  std::vector<std::size_t> running;
  for (std::size_t number = context.history.size(); number-- > 0 && running.size() < kMostRunning;) {
    const bool asks = static_cast<std::int64_t>(number) == context.number.value;
    if (!asks && context.history.state(number) == TrialState::kRunning) {
      running.push_back(number);
    }
  }
  return running;
}

math::SurrogatePoints points_of(const SurrogateSpace& space, std::span<const Configuration> configurations) {
  math::SurrogatePoints points;
  points.columns.assign(space.size(), std::vector<double>(configurations.size()));
  std::vector<double> at(space.size());
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    space.coordinates(configurations[i], at);
    for (std::size_t d = 0; d < at.size(); ++d) {
      points.columns[d][i] = at[d];
    }
  }
  for (std::size_t d = 0; d < space.size(); ++d) {
    points.categorical.push_back(space.is_categorical(d));
  }
  return points;
}

}  // namespace

SurrogateModel::SurrogateModel(const SurrogateSpace& space, const SamplingContext& context,
                               std::span<const std::size_t> scored, RandomStream& stream)
    : space_(space), process_(learn(context, scored, stream)), best_mean_(smallest_mean()) {}

math::GaussianProcess SurrogateModel::learn(const SamplingContext& context, std::span<const std::size_t> scored,
                                            RandomStream& stream) {
  const Reader reader(space_, context.history, stream);
  const auto considered = promising_and_latest(context.history, scored, kMostTrials);
  const auto ranked = best_and_latest(trial_losses(context.history, considered), kMostTrials);
  const auto fitted = best_and_latest(ranked, kMostFitted);
  std::vector<Configuration> of_fitted;
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    configurations_.push_back(reader.scored(ranked[i].number));
    if (of_fitted.size() < fitted.size() && fitted[of_fitted.size()].number == ranked[i].number) {
      of_fitted.push_back(configurations_.back());
    }
  }
  for (const std::size_t number : running_trials(context)) {
    configurations_.push_back(reader.running(number));
  }
  auto parameters = math::fit_matern(points_of(space_, of_fitted), compressed(fitted), kEvaluations);
  return {points_of(space_, configurations_), compressed(ranked), std::move(parameters)};
}

double SurrogateModel::smallest_mean() const {
  double smallest = std::numeric_limits<double>::infinity();
  std::vector<double> at(space_.size());
  std::vector<double> scratch;
  for (const Configuration& configuration : configurations_) {
    space_.coordinates(configuration, at);
    smallest = std::min(smallest, process_.mean(at, scratch));
  }
  return smallest;
}

}  // namespace tune::samplers
