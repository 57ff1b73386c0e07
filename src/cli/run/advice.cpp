#include "cli/run/advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>

#include "cli/output/json.hpp"
#include "cli/output/table.hpp"
#include "cli/output/trial_output.hpp"
#include "cli/output/trial_reason.hpp"
#include "cli/run/confirmation.hpp"
#include "cli/study_file/parameter_rules.hpp"

namespace fmnist_tune {
namespace {

using tune::FrozenTrial;
using Trials = std::vector<FrozenTrial>;

constexpr std::size_t kFewestTrials = 10;
constexpr std::size_t kTop = 5;
constexpr double kAtTheEnd = 0.02;
constexpr double kNearTheEnd = 0.1;
constexpr std::size_t kMostNamed = 3;
constexpr std::uint64_t kFewestValues = 3;
constexpr std::uint64_t kManyValues = 10;
constexpr double kUpper95 = 0.975;  ///< Of a two-sided interval of 95 %.
constexpr double kNormal95 = 1.96;
/// Degrees of freedom below which a spread of replicates is not worth telling.
constexpr std::size_t kFewestReplicates = 3;

/// A range of numbers, and where in it a value lies: 0 … 1.
struct Range {
  double low = 0.0;
  double high = 0.0;
  bool is_log = false;

  [[nodiscard]] double place(double value) const {
    if (is_log) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
    return (value - low) / (high - low);
  }
};

struct RangeOf {
  std::optional<Range> operator()(const tune::FloatDistribution& d) const {
    return Range{d.low, d.high, d.log};
  }
  std::optional<Range> operator()(const tune::IntDistribution& d) const {
    return Range{static_cast<double>(d.low), static_cast<double>(d.high), d.log};
  }
  std::optional<Range> operator()(const tune::CategoricalDistribution&) const { return std::nullopt; }
};

/// 1 at the upper end, −1 at the lower one, 0 elsewhere and where there is no range.
int end_within(const tune::Param& param, double share) {
  const auto range =
      tune::is_single(param.distribution) ? std::nullopt : std::visit(RangeOf{}, param.distribution);
  if (!range) return 0;
  const double place = range->place(param.value);
  return place >= 1.0 - share ? 1 : place <= share ? -1 : 0;
}

/// Whether the objective takes values beyond that end; what it does not know may have any.
bool can_move(const tune::Param& param, int end, const AdviceSubject& subject) {
  const tune::OptionSpec* spec = find_spec(subject.parameters, param.name);
  if (spec == nullptr) {
    const auto base = name_without_layer(param.name);
    spec = base ? find_spec(subject.parameters, *base) : nullptr;
  }
  const Range range = *std::visit(RangeOf{}, param.distribution);
  if (end < 0 && range.low == 0.0) return false;  // A number that is never negative.
  if (spec == nullptr) return true;
  return end > 0 ? !spec->high || *spec->high > range.high : !spec->low || *spec->low < range.low;
}

/// Few values lie at an end by chance: then all of the best have to.
bool are_near(const Trials& top, const tune::Param& best, int end) {
  const std::uint64_t n_values = tune::cardinality(best.distribution).value_or(kManyValues);
  if (n_values < kFewestValues) return false;
  std::size_t n_with = 0;
  std::size_t n_near = 0;
  for (const FrozenTrial& trial : top) {
    const tune::Param* param = trial.find_param(best.name);
    if (param == nullptr) continue;
    ++n_with;
    n_near += end_within(*param, kNearTheEnd) == end ? 1 : 0;
  }
  return n_values < kManyValues ? n_near == n_with : 2 * n_near > n_with;
}

std::optional<std::string> edge_advice(const Trials& top, const AdviceSubject& subject) {
  std::vector<std::string> found;
  for (const tune::Param& param : top.front().params) {
    const int end = end_within(param, kAtTheEnd);
    if (end == 0 || !can_move(param, end, subject) || !are_near(top, param, end)) continue;
    const Range range = *std::visit(RangeOf{}, param.distribution);
    found.push_back(fmt::format("{} {} is at its {} end {}", printable(param.name), readable(param.value),
                                end > 0 ? "upper" : "lower", readable(end > 0 ? range.high : range.low)));
  }
  if (found.empty()) return std::nullopt;
  const std::size_t n_more = found.size() - std::min(found.size(), kMostNamed);
  found.resize(found.size() - n_more);
  return fmt::format("the best trials are at the edge of the space: {}{}: widen the range",
                     fmt::join(found, ", "), n_more == 0 ? "" : fmt::format(" and {} more", n_more));
}

/// The values of trials with equal parameters.
struct Configuration {
  std::vector<double> values;

  [[nodiscard]] double mean() const {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
};

std::string key_of(const FrozenTrial& trial) {
  nlohmann::json params = nlohmann::json::object();
  for (const tune::Param& param : trial.params) params[param.name] = json_value(param.external());
  return params.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// By the text of the parameters; without infinite values, which are no spread of anything.
std::map<std::string, Configuration> configurations_of(const Trials& trials) {
  std::map<std::string, Configuration> configurations;
  for (const FrozenTrial& trial : trials) {
    const bool counts = trial.state == tune::TrialState::kComplete && trial.values.size() == 1 &&
                        std::isfinite(trial.values[0]);
    if (counts) configurations[key_of(trial)].values.push_back(trial.values[0]);
  }
  return configurations;
}

/// The standard deviation of one trial's value, and how it is known.
struct Noise {
  double deviation = 0.0;
  double quantile = kNormal95;  ///< Standard errors beyond which a difference counts.
  std::string source;
};

/// The spread of the replicates around their means, over all configurations.
std::optional<Noise> replicate_noise(const std::map<std::string, Configuration>& configurations) {
  double squares = 0.0;
  std::size_t n_free = 0;
  for (const auto& [key, configuration] : configurations) {
    const double mean = configuration.mean();
    for (const double value : configuration.values) squares += (value - mean) * (value - mean);
    n_free += configuration.values.size() - 1;
  }
  if (n_free < kFewestReplicates) return std::nullopt;
  const double deviation = std::sqrt(squares / static_cast<double>(n_free));
  const boost::math::students_t errors(static_cast<double>(n_free));
  return Noise{deviation, boost::math::quantile(errors, kUpper95),
               fmt::format("replicates spread by {:.2g}", deviation)};
}

/// Of a share of right answers; the trials are judged on the same examples, which makes this an upper bound,
/// and differ by their seeds, which is not in it.
std::optional<Noise> binomial_noise(double best, const AdviceSubject& subject) {
  const bool is_known = subject.metrics.front() == "validation_accuracy" && subject.validation_examples;
  if (!is_known || !(best >= 0.0 && best <= 1.0)) return std::nullopt;
  return Noise{std::sqrt(best * (1.0 - best) / static_cast<double>(*subject.validation_examples)), kNormal95,
               fmt::format("binomial error of {} validation examples, as if each trial had its own",
                           *subject.validation_examples)};
}

double just_noise(const Configuration& a, const Configuration& b, const Noise& noise) {
  const auto share = [](const Configuration& c) { return 1.0 / static_cast<double>(c.values.size()); };
  return noise.quantile * noise.deviation * std::sqrt(share(a) + share(b));
}

std::optional<std::string> noise_advice(const Trials& distinct, const AdviceSubject& subject) {
  const auto configurations = configurations_of(subject.trials);
  std::vector<const Configuration*> ranked;
  for (const FrozenTrial& trial : distinct) {
    const auto found = configurations.find(key_of(trial));
    if (found != configurations.end()) ranked.push_back(&found->second);
  }
  if (ranked.empty()) return std::nullopt;
  const double sign = subject.directions.front() == tune::Direction::kMaximize ? 1.0 : -1.0;
  const Configuration& best =
      **std::max_element(ranked.begin(), ranked.end(),
                         [&](const auto* a, const auto* b) { return sign * a->mean() < sign * b->mean(); });
  auto noise = replicate_noise(configurations);
  if (!noise) noise = binomial_noise(best.mean(), subject);
  if (!noise) return std::nullopt;
  const auto n_close = std::count_if(ranked.begin(), ranked.end(), [&](const Configuration* other) {
    return other != &best && std::abs(other->mean() - best.mean()) < just_noise(best, *other, *noise);
  });
  if (n_close == 0) return std::nullopt;
  return fmt::format(
      "{} more configuration(s) may be as good as the best: less than {} apart ({}): "
      "fmnist-tune confirm {} --top {} compares them",
      n_close, fmt::format("{:.2g}", just_noise(best, best, *noise)), noise->source, subject.storage,
      std::min<std::int64_t>(n_close + 1, kMostConfirmed));
}

double seconds_of(const FrozenTrial& trial) {
  const auto kept = trial.user_attrs.find("training_seconds");
  const Json seconds = kept == trial.user_attrs.end() ? Json() : json_of_attribute(kept->second);
  if (seconds.is_number()) return seconds.get<double>();
  return trial.duration() ? std::chrono::duration<double>(*trial.duration()).count() : 0.0;
}

/// The steps of a COMPLETE trial, the median of them; 0 when they reported none.
std::size_t complete_length(const Trials& trials) {
  std::vector<std::size_t> lengths;
  for (const FrozenTrial& trial : trials) {
    if (trial.state == tune::TrialState::kComplete) lengths.push_back(trial.intermediate.size());
  }
  if (lengths.empty()) return 0;
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  return *middle;
}

std::optional<std::string> pruning_advice(const AdviceSubject& subject) {
  const std::size_t length = complete_length(subject.trials);
  std::size_t n_stopped = 0;
  std::size_t n_trained = 0;
  std::size_t n_saved = 0;
  double seconds = 0.0;
  for (const FrozenTrial& trial : subject.trials) {
    n_trained += trial.intermediate.size();
    if (!is_stopped_by_pruner(trial) || trial.intermediate.size() >= length) continue;
    const std::size_t missing = length - trial.intermediate.size();
    ++n_stopped;
    n_saved += missing;
    seconds +=
        seconds_of(trial) / static_cast<double>(trial.intermediate.size()) * static_cast<double>(missing);
  }
  if (n_saved == 0) return std::nullopt;
  const auto whole = static_cast<double>(n_trained + n_saved);
  const auto time =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::duration<double>(seconds));
  return fmt::format(
      "pruning {} trial(s) saved {} of {} steps ({:.0f} %), about {} of training: a complete trial "
      "has {} steps",
      n_stopped, n_saved, n_trained + n_saved, 100.0 * static_cast<double>(n_saved) / whole, readable(time),
      length);
}

}  // namespace

std::vector<std::string> advice_on(const AdviceSubject& subject) {
  std::vector<std::string> lines;
  const auto add = [&](const std::optional<std::string>& line) {
    if (line) lines.push_back(*line);
  };
  const auto n_complete = static_cast<std::size_t>(
      std::count_if(subject.trials.begin(), subject.trials.end(),
                    [](const auto& trial) { return trial.state == tune::TrialState::kComplete; }));
  if (subject.directions.size() == 1 && n_complete >= kFewestTrials) {
    Trials distinct = best_configurations(subject.trials, subject.directions.front(), subject.trials.size());
    if (!distinct.empty()) {
      const auto n_top = static_cast<std::ptrdiff_t>(std::min(kTop, distinct.size()));
      add(edge_advice(Trials(distinct.begin(), distinct.begin() + n_top), subject));
      add(noise_advice(distinct, subject));
    }
  }
  add(pruning_advice(subject));
  return lines;
}

}  // namespace fmnist_tune
