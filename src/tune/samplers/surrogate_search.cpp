#include "tune/samplers/surrogate_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "tune/math/elementary.hpp"

namespace tune::samplers {
namespace {

using Configuration = SurrogateSpace::Configuration;

constexpr double kRootTwoPi = 2.50662827463100050242;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr std::size_t kRandom = 200;     // Configurations of the first round.
constexpr std::size_t kStarts = 8;       // Trials whose neighbourhood is searched in it …
constexpr std::size_t kNeighbours = 12;  // … and how often.
constexpr std::size_t kSurvivors = 4;    // Configurations that each further round starts from.
constexpr std::size_t kRounds = 10;
constexpr std::size_t kChildren = 8;
constexpr double kFirstSpread = 0.2;  // Of a change, as a share of the range …
constexpr double kShrinkage = 0.65;   // … and by how much it falls from round to round.

// log(φ(z) + z Φ(z)).
double log_improvement(double z) {
  constexpr double kSeriesBelow = -1e3;
  const double exponent = -0.5 * z * z;
  if (z > 0.0) {
    const double above = math::exp(exponent) * math::scaled_tail(z);
    return math::log(math::exp(exponent) / kRootTwoPi + z * (1.0 - above));
  }
  if (z < kSeriesBelow) {
    return exponent - math::log(kRootTwoPi * z * z);
  }
  return exponent + math::log(1.0 / kRootTwoPi + z * math::scaled_tail(-z));
}

class Search {
 public:
  Search(const SurrogateSpace& space, const SurrogateModel& model, RandomStream& stream,
         const WantedConfiguration& is_wanted)
      : space_(space), model_(model), stream_(stream), is_wanted_(is_wanted), point_(space.size()) {
    for (std::size_t d = 0; d < space.size(); ++d) {
      if (!space.parameters()[d].is_single) {
        free_.push_back(d);
      }
    }
  }

  Prospects run() {
    for (std::size_t i = 0; i < kRandom; ++i) {
      add(space_.draw(stream_));
    }
    const auto known = model_.configurations();
    for (std::size_t i = 0; i < kStarts * kNeighbours; ++i) {
      const double spread = math::exp(-1.0 - 4.0 * stream_.uniform());
      add(neighbour(known[i / kNeighbours % known.size()], spread));
    }
    double spread = kFirstSpread;
    for (std::size_t round = 0; round < kRounds; ++round, spread *= kShrinkage) {
      const std::vector<Prospect> parents = best_;
      for (std::size_t i = 0; i < parents.size() * kChildren; ++i) {
        add(neighbour(parents[i / kChildren].configuration, spread));
      }
    }
    return {std::move(best_), n_compared_};
  }

 private:
  void add(Configuration configuration) {
    ++n_compared_;
    space_.coordinates(configuration, point_);
    const double floor = best_.size() < kSurvivors ? -kInfinity : best_.back().score;
    const double mean = model_.process().mean(point_, scratch_);
    // The variance is at most the signal's: what cannot win even so is not looked at further.
    if (!(log_expected_improvement(mean, model_.process().signal(), model_.best_mean()) > floor)) {
      return;
    }
    const double variance = model_.process().variance(scratch_);
    const double score = log_expected_improvement(mean, variance, model_.best_mean());
    const bool is_known =
        std::any_of(best_.begin(), best_.end(), [&](const auto& c) { return c.score == score; });
    if (score > floor && !is_known && !is_taken() && (!is_wanted_ || is_wanted_(configuration))) {
      best_.push_back({std::move(configuration), mean, variance, score});
      std::stable_sort(best_.begin(), best_.end(),
                       [](const auto& a, const auto& b) { return a.score > b.score; });
      best_.resize(std::min(best_.size(), kSurvivors));
    }
  }

  // Whether a trial of the model stands at the point.
  [[nodiscard]] bool is_taken() const {
    const math::SurrogatePoints& points = model_.process().points();
    for (std::size_t i = 0; i < points.size(); ++i) {
      std::size_t d = 0;
      while (d < point_.size() && points.columns[d][i] == point_[d]) {
        ++d;
      }
      if (d == point_.size()) {
        return true;
      }
    }
    return false;
  }

  // One parameter changes, or a few, or all; choices more rarely, as no change of theirs is small.
  Configuration neighbour(const Configuration& of, double spread) {
    Configuration changed = of;
    const auto n = static_cast<double>(free_.size());
    const double kind = 3.0 * stream_.uniform();
    const double share = kind < 1.0 ? 0.0 : kind < 2.0 ? 2.0 / n : 1.0;
    const std::size_t certain = free_[stream_.below(free_.size())];
    for (const std::size_t d : free_) {
      if (d == certain || stream_.uniform() < (space_.is_categorical(d) ? 0.5 / n : share)) {
        space_.mutate(d, spread, changed, stream_);
      }
    }
    return changed;
  }

  const SurrogateSpace& space_;
  const SurrogateModel& model_;
  RandomStream& stream_;
  const WantedConfiguration& is_wanted_;
  std::vector<std::size_t> free_;
  std::vector<Prospect> best_;
  std::size_t n_compared_ = 0;
  std::vector<double> point_;
  std::vector<double> scratch_;
};

}  // namespace

double log_expected_improvement(double mean, double variance, double best) {
  const double deviation = std::sqrt(variance);
  return math::log(deviation) + log_improvement((best - mean) / deviation);
}

Prospects most_promising(const SurrogateSpace& space, const SurrogateModel& model, RandomStream& stream,
                         const WantedConfiguration& is_wanted) {
  return Search(space, model, stream, is_wanted).run();
}

}  // namespace tune::samplers
