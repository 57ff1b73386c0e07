#include "tune/samplers/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "tune/error.hpp"
#include "tune/format/param_json.hpp"
#include "tune/math/permutation.hpp"
#include "tune/samplers/grid_points.hpp"
#include "tune/samplers/random.hpp"

namespace tune {
namespace {

using samplers::GridPoints;

/// What the trials of a study have taken of the grid.
struct Taken {
  std::unordered_set<std::uint64_t> numbers;
  std::uint64_t n_open = 0;         ///< Unfinished trials that have not decided yet.
  std::uint64_t n_open_before = 0;  ///< Those of them with a lower number than the trial that asks.
};

std::optional<std::uint64_t> point_of(const GridPoints& grid, const HistoryView& history, std::size_t number) {
  return grid.number_of([&](const ParameterDeclaration& declaration) -> std::optional<double> {
    const Column* column = history.column(declaration.name);
    if (column == nullptr || !column->has(number)) return std::nullopt;
    return column->value(number);
  });
}

/// The point that an undecided trial will take, if its queue entry says so. An entry that cannot be read says
/// nothing: the trial will fail and take none.
std::optional<std::uint64_t> prescribed_point(const GridPoints& grid, const TrialRecord& trial) {
  const auto fixed = trial.system_attrs.find(kFixedParamsKey);
  if (fixed == trial.system_attrs.end()) return std::nullopt;
  try {
    const ParamValues values = format::params_from_json(fixed->second);
    return grid.number_of([&](const ParameterDeclaration& declaration) -> std::optional<double> {
      const auto value = values.find(declaration.name);
      if (value == values.end()) return std::nullopt;
      return to_internal(declaration.distribution, value->second);
    });
  } catch (const InvalidArgument&) {
    return std::nullopt;
  } catch (const FormatError&) {
    return std::nullopt;
  }
}

Taken taken_of(const GridPoints& grid, const HistoryView& history, std::optional<std::size_t> asking) {
  Taken taken;
  for (std::size_t number = 0; number < history.size(); ++number) {
    if (number == asking) continue;
    const TrialRecord& trial = history.record(number);
    if (!trial.columns.empty()) {
      if (const auto point = point_of(grid, history, number)) taken.numbers.insert(*point);
    } else if (!is_finished(trial.state)) {
      if (const auto point = prescribed_point(grid, trial)) {
        taken.numbers.insert(*point);
      } else {
        ++taken.n_open;
        taken.n_open_before += asking && number < *asking ? 1 : 0;
      }
    }
  }
  return taken;
}

/// The free point that is this trial's, if the trials before it that are undecided take the first ones.
ParamValues next_point(const GridPoints& grid, const Taken& taken, std::uint64_t seed) {
  const math::Permutation order(grid.n_numbers(), seed);
  std::optional<ParamValues> last;
  std::uint64_t to_skip = taken.n_open_before;
  for (std::uint64_t i = 0; i < grid.n_numbers(); ++i) {
    const std::uint64_t number = order(i);
    if (taken.numbers.contains(number)) continue;
    auto point = grid.point(number);
    if (!point) continue;
    last = std::move(point);
    if (to_skip-- == 0) break;
  }
  return last ? *last : ParamValues{};
}

}  // namespace

RelativeSample GridSampler::sample_relative(const SamplingContext& context) const {
  const GridPoints grid(context.declared);
  const Taken taken = taken_of(grid, context.history, static_cast<std::size_t>(context.number.value));
  RelativeSample sample;
  for (const auto& [name, value] : next_point(grid, taken, context.seed)) {
    const Distribution& distribution = context.declared.find(name)->distribution;
    sample.add({name, to_internal(distribution, value), distribution});
  }
  if (context.reasons != nullptr) {
    context.reasons->push_back(
        {sample.names(),
         fmt::format("the first point in the grid's shuffled order that no trial has: {} of {} were taken",
                     taken.numbers.size() + taken.n_open_before, grid.size())});
  }
  return sample;
}

double GridSampler::sample_independent(const SamplingContext& context, std::string_view name,
                                       const Distribution& distribution) const {
  RandomStream stream = context.independent_stream(name);
  return draw_uniform(distribution, stream);
}

std::optional<std::uint64_t> GridSampler::n_remaining(const HistoryView& history,
                                                      const SearchSpace& declared) const {
  const GridPoints grid(declared);
  const Taken taken = taken_of(grid, history, std::nullopt);
  const std::uint64_t n_gone = taken.numbers.size() + taken.n_open;
  return grid.size() - std::min(grid.size(), n_gone);
}

SamplerEntry grid_sampler_entry() {
  return {.name = "grid",
          .description =
              "Every configuration once, as Optuna's GridSampler; each parameter needs finitely many "
              "values.",
          .options = {},
          .make = [](const OptionValues&) { return std::make_shared<const GridSampler>(); },
          .needs_finite_space = true};
}

}  // namespace tune
