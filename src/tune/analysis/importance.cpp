#include "tune/analysis/importance.hpp"

#include <algorithm>

#include "tune/analysis/fanova.hpp"
#include "tune/analysis/ped_anova.hpp"

namespace tune {
namespace {

void make_shares(std::vector<ParamImportance>& importances) {
  double sum = 0.0;
  for (const ParamImportance& member : importances) sum += member.importance;
  for (ParamImportance& member : importances) {
    member.importance = sum == 0.0 ? 1.0 / static_cast<double>(importances.size()) : member.importance / sum;
  }
}

struct Evaluate {
  std::span<const FrozenTrial> trials;
  std::span<const Direction> directions;
  const ImportanceOptions& options;

  std::vector<ParamImportance> operator()(const PedAnova& evaluator) const {
    return analysis::ped_anova(trials, directions, options, evaluator);
  }
  std::vector<ParamImportance> operator()(const Fanova& evaluator) const {
    return analysis::fanova(trials, directions, options, evaluator);
  }
};

}  // namespace

std::vector<ParamImportance> param_importances(std::span<const FrozenTrial> trials,
                                               std::span<const Direction> directions,
                                               const ImportanceOptions& options) {
  auto importances = std::visit(Evaluate{trials, directions, options}, options.evaluator);
  if (options.normalize) make_shares(importances);
  std::sort(importances.begin(), importances.end(), [](const ParamImportance& a, const ParamImportance& b) {
    return a.importance != b.importance ? a.importance > b.importance : a.name < b.name;
  });
  return importances;
}

}  // namespace tune
